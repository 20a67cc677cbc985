package main

import (
	"context"
	"path/filepath"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kubelet/app"
)

// runKubelet is the kubelet's own command. It is a process of its own, so that a
// panic of the kubelet's leaves the API server alone.
func runKubelet(args []string) int {
	command := app.NewKubeletCommand(context.Background())
	command.SetArgs(args)
	return cli.Run(command)
}

// startKubelet starts it as the user of a kubeconfig.
func (n *node) startKubelet(kubeconfig string) error {
	config := filepath.Join(n.data, "kubelet.json")
	if err := writeJSON(config, n.kubeletConfig()); err != nil {
		return err
	}
	return n.start("kubelet", "/proc/self/exe", "kubelet",
		"--config", config,
		"--kubeconfig", kubeconfig,
		"--hostname-override", nodeName,
		"--node-ip", serviceAddress,
		"--cert-dir", filepath.Join(n.data, "pki"),
		"--root-dir", kubeletRoot,
	)
}

// kubeletConfig is the kubelet's defaults, but for what a machine shared with others
// and a node that lives for minutes ask for.
func (n *node) kubeletConfig() map[string]any {
	return map[string]any{
		"apiVersion":               "kubelet.config.k8s.io/v1beta1",
		"kind":                     "KubeletConfiguration",
		"address":                  serviceAddress,
		"containerRuntimeEndpoint": "unix://" + containerdSocket,
		// The API server asks it for logs, and nobody else is in this network.
		"authentication": map[string]any{"anonymous": map[string]any{"enabled": true}, "webhook": map[string]any{"enabled": false}},
		"authorization":  map[string]any{"mode": "AlwaysAllow"},
		"clusterDNS":     []string{nameServer},
		"clusterDomain":  "cluster.local",
		// Without pods' cgroups a kubelet of this version panics when a pod is resized.
		"cgroupsPerQOS":                 true,
		"cgroupDriver":                  "cgroupfs",
		"cgroupRoot":                    "/" + n.cgroup,
		"enforceNodeAllocatable":        []string{},
		"failCgroupV1":                  false,
		"failSwapOn":                    false,
		"makeIPTablesUtilChains":        false,
		"localStorageCapacityIsolation": false,
		// A burst of pods must not meet the kubelet's own limits.
		"maxPods":                     1000,
		"serializeImagePulls":         false,
		"registryPullQPS":             0,
		"eventRecordQPS":              0,
		"kubeAPIQPS":                  200,
		"kubeAPIBurst":                400,
		"imageGCHighThresholdPercent": 100,
		"evictionHard":                map[string]string{"memory.available": "1Mi", "nodefs.available": "1Mi"},
		"podLogsDir":                  "/var/log/pods",
		"volumePluginDir":             filepath.Join(n.data, "volume-plugins"),
		"shutdownGracePeriod":         "0s",
	}
}
