package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net"
	"path/filepath"
	"time"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
	aggregator "k8s.io/kube-aggregator/pkg/apiserver"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	kubeoptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	"k8s.io/kubernetes/pkg/controlplane/reconcilers"
)

// pollInterval is short because every wait is for our own process.
const pollInterval = 20 * time.Millisecond

// apiServer is a configured kube-apiserver.
type apiServer struct {
	aggregator *aggregator.APIAggregator
	// loopback is the server's own client: exempt from authorization, priority
	// and fairness, and client-side throttling.
	loopback *rest.Config
	// url and ca are how everybody else reaches it.
	url string
	ca  []byte
}

// newAPIServer configures kube-apiserver to keep its files in dir and its state
// in the etcd at the address etcd. It listens, but serves only once run.
func newAPIServer(ctx context.Context, version, dir, listen string, etcd net.Addr, users []user) (*apiServer, error) {
	listener, port, err := genericoptions.CreateListener("tcp4", listen, net.ListenConfig{})
	if err != nil {
		return nil, err
	}
	opts, err := serverOptions(dir, etcd, users)
	if err != nil {
		return nil, err
	}
	opts.SecureServing.Listener, opts.SecureServing.BindPort = listener, port

	// From here on this is what kube-apiserver's own command does.
	if err := opts.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	completed, err := opts.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return nil, utilerrors.NewAggregate(errs)
	}
	config, err := app.NewConfig(completed)
	if err != nil {
		return nil, err
	}
	reportVersion(config, version)
	completedConfig, err := config.Complete()
	if err != nil {
		return nil, err
	}
	chain, err := app.CreateServerChain(completedConfig)
	if err != nil {
		return nil, err
	}

	ca, err := issuer(opts.SecureServing.ServerCert.GeneratedCert.CurrentCertKeyContent())
	if err != nil {
		return nil, err
	}
	return &apiServer{
		aggregator: chain,
		loopback:   config.KubeAPIs.ControlPlane.Generic.LoopbackClientConfig,
		url:        fmt.Sprintf("https://127.0.0.1:%d", port),
		ca:         ca,
	}, nil
}

// serverOptions are kube-apiserver's defaults, but for what a cluster's operator
// has to decide and what only makes sense with more than one machine.
func serverOptions(dir string, etcd net.Addr, users []user) (*kubeoptions.ServerRunOptions, error) {
	loopback := net.IPv4(127, 0, 0, 1)
	tokens := filepath.Join(dir, "tokens.csv")
	if err := writeTokens(tokens, users); err != nil {
		return nil, err
	}
	signingKey := filepath.Join(dir, "service-account.key")
	if err := writeKey(signingKey); err != nil {
		return nil, err
	}

	opts := kubeoptions.NewServerRunOptions()
	opts.Etcd.StorageConfig.Transport.ServerList = []string{"http://" + etcd.String()}
	opts.SecureServing.BindAddress = loopback
	opts.SecureServing.ServerCert.CertDirectory = "" // keep the generated certificate in memory
	opts.GenericServerRunOptions.AdvertiseAddress = loopback
	opts.ServiceClusterIPRanges = "10.0.0.0/24"
	// Endpoints must not be loopback addresses, so do not publish ours.
	opts.EndpointReconcilerType = string(reconcilers.NoneEndpointReconcilerType)

	opts.Authentication.TokenFile.TokenFile = tokens
	opts.Authentication.ServiceAccounts.Issuers = []string{"https://kubernetes.default.svc.cluster.local"}
	opts.Authentication.ServiceAccounts.KeyFiles = []string{signingKey}
	opts.ServiceAccountSigningKeyFile = signingKey
	opts.Authorization.Modes = []string{"RBAC"}
	// It keeps a new node from pods until a controller says otherwise that is not here.
	opts.Admission.GenericAdmission.DisablePlugins = []string{"TaintNodesByCondition"}

	// By default open watches delay the end by up to a minute.
	opts.GenericServerRunOptions.ShutdownSendRetryAfter = true
	opts.GenericServerRunOptions.ShutdownWatchTerminationGracePeriod = time.Second
	return opts, nil
}

// run serves until ctx has ended.
func (s *apiServer) run(ctx context.Context) error {
	prepared, err := s.aggregator.PrepareRun()
	if err != nil {
		return err
	}
	return prepared.Run(ctx)
}

// waitReady returns when /readyz succeeds, which includes that RBAC's bootstrap
// policy has been stored.
func (s *apiServer) waitReady(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(s.loopback)
	if err != nil {
		return err
	}
	return wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil, nil
	})
}

// issuer returns the CA's certificate of the chain that client-go generates for
// a server: the server's certificate, then the CA's.
func issuer(chain, _ []byte) ([]byte, error) {
	certs, err := cert.ParseCertsPEM(chain)
	if err != nil {
		return nil, err
	}
	last := certs[len(certs)-1]
	if !last.IsCA {
		return nil, fmt.Errorf("%s is not a CA", last.Subject)
	}
	return cert.EncodeCertificates(last)
}

// writeKey writes a new private key for signing service account tokens: an RSA key, as Quay takes
// no signature of another kind.
func writeKey(path string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	pem, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	return keyutil.WriteKey(path, pem)
}
