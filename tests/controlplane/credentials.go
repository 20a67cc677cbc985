package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

// question is one line of input: what a pod brings to the pull of its image.
type question struct {
	// Secrets are those of the pod that exist, in the order of its
	// imagePullSecrets.
	Secrets []struct {
		Name string            `json:"name"`
		Type corev1.SecretType `json:"type"`
		Data map[string][]byte `json:"data"`
	} `json:"secrets"`
	Image string `json:"image"`
}

// answer is one line of output: what the kubelet would try, in this order.
type answer struct {
	Credentials []credential `json:"credentials"`
	// Error is why the kubelet would not ask for the image at all.
	Error *string `json:"error"`
}

// credential is one of a registry's logins. JSON has no place for what is not
// UTF-8, and an auth field may hold such bytes, so the text is there for reading
// and the bytes for comparing.
type credential struct {
	Secret        string `json:"secret"`
	Username      string `json:"username"`
	UsernameBytes []byte `json:"usernameBytes"`
	Password      string `json:"password"`
	PasswordBytes []byte `json:"passwordBytes"`
	Email         string `json:"email"`
}

// answerCredentials answers every line of in with one on out, at once.
func answerCredentials(in io.Reader, out io.Writer) error {
	// A key that is no URL is logged and left out, which the answer shows.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)

	lines := bufio.NewReader(in)
	answers := json.NewEncoder(out)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := answers.Encode(asked.answer()); err != nil {
			return err
		}
	}
}

func (q question) answer() answer {
	found, err := q.lookup()
	if err != nil {
		text := err.Error()
		return answer{Credentials: []credential{}, Error: &text}
	}
	credentials := make([]credential, 0, len(found))
	for _, auth := range found {
		credentials = append(credentials, credential{
			Secret:        auth.Source.Secret.Name,
			Username:      auth.Username,
			UsernameBytes: []byte(auth.Username),
			Password:      auth.Password,
			PasswordBytes: []byte(auth.Password),
			Email:         auth.Email,
		})
	}
	return answer{Credentials: credentials}
}

// lookup is makeLookupPullCredentialsFunc of k8s.io/kubernetes/pkg/kubelet/images
// on a node that has no credentials of its own.
func (q question) lookup() ([]credentialprovider.TrackedAuthConfig, error) {
	repository, _, _, err := parsers.ParseImageName(q.Image)
	if err != nil {
		return nil, err
	}
	pullSecrets := make([]corev1.Secret, 0, len(q.Secrets))
	for _, secret := range q.Secrets {
		pullSecrets = append(pullSecrets, corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: secret.Name},
			Type:       secret.Type,
			Data:       secret.Data,
		})
	}
	keyring, err := secrets.MakeDockerKeyring(pullSecrets, &credentialprovider.BasicDockerKeyring{})
	if err != nil {
		return nil, err
	}
	found, _ := keyring.Lookup(repository)
	return found, nil
}
