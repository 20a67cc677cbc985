package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
	"k8s.io/klog/v2"
)

const (
	// memoryBacked is where data goes that is rewritten all the time and never
	// outlives us, unless less than memoryNeeded is free there: containers often
	// get no more than 64 MiB.
	memoryBacked = "/dev/shm"
	memoryNeeded = 512 << 20

	// startTimeout is far beyond what a busy machine needs. Past it something is
	// broken, and saying so beats hanging.
	startTimeout = 2 * time.Minute
)

// run starts the control plane, writes the kubeconfigs, calls announce once all of
// it works, and returns when ctx has ended and everything stopped.
func run(ctx context.Context, version string, opts options, announce func(url string, node *nodeInfo) error) error {
	var worker *node
	if opts.node != "" {
		var err error
		if worker, err = newNode(opts); err != nil {
			return fmt.Errorf("preparing a node: %w", err)
		}
	}
	data, err := newDataDir()
	if err != nil {
		return err
	}
	defer func() {
		if err := os.RemoveAll(data); err != nil {
			klog.ErrorS(err, "Removing the data directory")
		}
	}()
	// A start hook of kube-apiserver that fails, like one that is interrupted by
	// being told to stop, ends the process by way of klog.
	klog.OsExit = func(code int) {
		_ = os.RemoveAll(data)
		os.Exit(code)
	}

	etcd, err := startEtcd(ctx, filepath.Join(data, "etcd"))
	if err != nil {
		return fmt.Errorf("starting etcd: %w", err)
	}
	defer etcd.Close()

	users := newUsers()
	kubelet := newKubeletUser()
	listen := "127.0.0.1:0"
	if worker != nil {
		listen = ":443" // where pods look for it
	}
	server, err := newAPIServer(ctx, version, data, listen, etcd.Clients[0].Addr(), append(users, kubelet))
	if err != nil {
		return fmt.Errorf("configuring kube-apiserver: %w", err)
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.run(ctx) })
	group.Go(func() error {
		startCtx, cancel := context.WithTimeout(ctx, startTimeout)
		defer cancel()
		if err := server.waitReady(startCtx); err != nil {
			return fmt.Errorf("waiting for kube-apiserver: %w", err)
		}
		group.Go(func() error { return runControllers(ctx, server) })
		if worker != nil {
			group.Go(func() error { return runScheduler(ctx, server.loopback) })
			group.Go(func() error { return serveNames(ctx) })
		}
		if err := bootstrap(startCtx, server, users, opts.dir); err != nil {
			return err
		}
		if worker == nil {
			return announce(server.url, nil)
		}
		return worker.run(ctx, server, kubelet, func(info nodeInfo) error { return announce(server.url, &info) })
	})
	return group.Wait()
}

// newDataDir creates the directory that holds everything not meant for clients.
func newDataDir() (string, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(memoryBacked, &fs); err == nil && fs.Bavail*uint64(fs.Bsize) >= memoryNeeded {
		if dir, err := os.MkdirTemp(memoryBacked, "controlplane-"); err == nil {
			return dir, nil
		}
	}
	return os.MkdirTemp("", "controlplane-")
}
