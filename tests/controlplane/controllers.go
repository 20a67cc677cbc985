package main

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
)

// workers is how many objects each controller handles at a time. The service
// account controller has one in kube-controller-manager; tests create hundreds
// of namespaces at once and wait for them.
const workers = 10

// runControllers runs, until ctx has ended, the parts of kube-controller-manager
// without which clients see an incomplete API: the one that gives each namespace
// its default ServiceAccount, and the one that completes a namespace's deletion.
// Constructing them takes less than their manager's options, flags and leases.
func runControllers(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	metadataClient, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}

	factory := informers.NewSharedInformerFactory(client, 0)
	namespaces := factory.Core().V1().Namespaces()
	serviceAccounts, err := serviceaccount.NewServiceAccountsController(
		klog.FromContext(ctx), factory.Core().V1().ServiceAccounts(), namespaces, client,
		serviceaccount.DefaultServiceAccountsControllerOptions())
	if err != nil {
		return err
	}
	namespaceDeletion := namespace.NewNamespaceController(
		ctx, client, metadataClient, client.Discovery().ServerPreferredNamespacedResources,
		namespaces, 0, corev1.FinalizerKubernetes)

	factory.StartWithContext(ctx)
	defer factory.Shutdown()
	var running sync.WaitGroup
	running.Go(func() { serviceAccounts.Run(ctx, workers) })
	running.Go(func() { namespaceDeletion.Run(ctx, workers) })
	running.Wait()
	return nil
}
