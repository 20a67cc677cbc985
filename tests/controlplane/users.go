package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// user is somebody a kubeconfig is written for. Their rights come from RBAC alone:
// none are in system:masters, which bypasses authorization as well as priority and
// fairness.
type user struct {
	name      string
	token     string
	namespace string // the default of their kubeconfig's context
	groups    []string
	// granted is a right that bootstrap gives them.
	granted authorizationv1.ResourceAttributes
}

func newUsers() []user {
	return []user{
		{
			name:    adminName,
			token:   rand.Text(),
			granted: authorizationv1.ResourceAttributes{Verb: "*", Group: "*", Resource: "*"},
		},
		{
			name:      limitedName,
			token:     rand.Text(),
			namespace: limitedName,
			granted:   authorizationv1.ResourceAttributes{Verb: "create", Resource: "secrets", Namespace: limitedName},
		},
	}
}

// newKubeletUser is who the kubelet is, by its name for certificates.
func newKubeletUser() user {
	return user{name: "system:node:" + nodeName, token: rand.Text(), groups: []string{"system:nodes"}}
}

// writeTokens writes the file that kube-apiserver authenticates users by.
func writeTokens(path string, users []user) error {
	var file bytes.Buffer
	lines := csv.NewWriter(&file)
	for _, u := range users {
		if err := lines.Write([]string{u.token, u.name, u.name, strings.Join(u.groups, ",")}); err != nil {
			return err
		}
	}
	lines.Flush()
	return os.WriteFile(path, file.Bytes(), 0o600)
}

func kubeconfigPath(dir, user string) string {
	return filepath.Join(dir, user+".kubeconfig")
}

func (u user) writeKubeconfig(dir string, server *apiServer) error {
	const cluster = "controlplane"
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster] = &clientcmdapi.Cluster{Server: server.url, CertificateAuthorityData: server.ca}
	config.AuthInfos[u.name] = &clientcmdapi.AuthInfo{Token: u.token}
	config.Contexts[u.name] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: u.name, Namespace: u.namespace}
	config.CurrentContext = u.name

	content, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	path := kubeconfigPath(dir, u.name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	return os.Chmod(path, 0o600) // it may have been there already
}

// waitGranted returns when the server lets the user do what it has been told to,
// which is some time after it was told. It asks as the user, by the kubeconfig,
// so that also proves that the kubeconfig works.
func (u user) waitGranted(ctx context.Context, dir string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfigPath(dir, u.name))
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	reviews := client.AuthorizationV1().SelfSubjectAccessReviews()
	question := &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &u.granted},
	}
	return wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		answer, err := reviews.Create(ctx, question, metav1.CreateOptions{})
		return err == nil && answer.Status.Allowed, err
	})
}
