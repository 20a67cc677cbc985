package main

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/profile"
)

// workers is how many objects each controller handles at a time. The service
// account controller has one in kube-controller-manager; tests create hundreds
// of namespaces at once and wait for them.
const workers = 10

// runControllers runs, until ctx has ended, the parts of kube-controller-manager
// without which clients see an incomplete API: the ones that give each namespace
// its default ServiceAccount and the API server's CA, without which a pod does not
// start, and the one that completes a namespace's deletion.
// Constructing them takes less than their manager's options, flags and leases.
func runControllers(ctx context.Context, server *apiServer) error {
	client, err := kubernetes.NewForConfig(server.loopback)
	if err != nil {
		return err
	}
	metadataClient, err := metadata.NewForConfig(server.loopback)
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

	rootCA, err := rootcacertpublisher.NewPublisher(
		factory.Core().V1().ConfigMaps(), namespaces, client, server.ca)
	if err != nil {
		return err
	}

	factory.StartWithContext(ctx)
	defer factory.Shutdown()
	var running sync.WaitGroup
	running.Go(func() { serviceAccounts.Run(ctx, workers) })
	running.Go(func() { namespaceDeletion.Run(ctx, workers) })
	running.Go(func() { rootCA.Run(ctx, workers) })
	running.Wait()
	return nil
}

// runScheduler runs kube-scheduler with its default profile until ctx has ended.
func runScheduler(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	events := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	if err := events.StartRecordingToSinkWithContext(ctx); err != nil {
		return err
	}
	defer events.Shutdown()
	factory := scheduler.NewInformerFactory(client, 0)
	pods, err := scheduler.New(ctx, client, factory, nil, profile.NewRecorderFactory(events), scheduler.WithKubeConfig(config))
	if err != nil {
		return err
	}
	factory.StartWithContext(ctx)
	defer factory.Shutdown()
	factory.WaitForCacheSyncWithContext(ctx)
	if err := pods.WaitForHandlersSync(ctx); err != nil {
		return err
	}
	pods.Run(ctx)
	return nil
}
