package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

// nodeName is also what the kubelet calls itself to the API server.
const nodeName = "node"

// node is a kubelet with a runtime, in namespaces of its own.
type node struct {
	// dir is for what clients see, data for everything else.
	dir, data string
	cgroup    string
	// pause is a file with the image of that name.
	pause string
	// failed gets the error of whichever process ends first.
	failed chan error
}

// nodeInfo is what the ready line says about the node.
type nodeInfo struct {
	Name    string `json:"name"`
	Runtime string `json:"runtime"`
	// Registries is the folder where containerd looks for a registry's hosts.toml.
	Registries string `json:"registries"`
	// Cgroup is the one that all of its pods' are below, in every hierarchy.
	Cgroup  string `json:"cgroup"`
	ReadyMS int64  `json:"ready_ms"`
}

func newNode(opts options) (*node, error) {
	bin := filepath.Join(opts.node, "usr/bin")
	path := bin + ":" + filepath.Join(opts.node, "usr/sbin") + ":" + os.Getenv("PATH")
	if err := os.Setenv("PATH", path); err != nil {
		return nil, err
	}
	for _, program := range []string{"containerd", "ctr", "containerd-shim-runc-v2", "runc"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("--node: %w", err)
		}
	}
	if err := prepareMachine(opts.inside); err != nil {
		return nil, err
	}
	return &node{dir: opts.dir, data: opts.inside, cgroup: opts.cgroup, pause: opts.pause, failed: make(chan error, 2)}, nil
}

func (n *node) registries() string {
	return filepath.Join(n.dir, "registries")
}

// run starts the node's programs, calls announce once pods can run, and returns when
// ctx has ended or one of the programs has. They end with us.
func (n *node) run(ctx context.Context, server *apiServer, kubelet user, announce func(nodeInfo) error) error {
	began := time.Now()
	startCtx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := n.startContainerd(startCtx); err != nil {
		return fmt.Errorf("starting containerd: %w", err)
	}
	client, err := kubernetes.NewForConfig(server.loopback)
	if err != nil {
		return err
	}
	if err := grantNodes(startCtx, client); err != nil {
		return fmt.Errorf("granting rights to nodes: %w", err)
	}
	if err := kubelet.writeKubeconfig(n.data, server); err != nil {
		return err
	}
	if err := n.startKubelet(kubeconfigPath(n.data, kubelet.name)); err != nil {
		return fmt.Errorf("starting the kubelet: %w", err)
	}
	runtime, err := n.waitReady(startCtx, client)
	if err != nil {
		return fmt.Errorf("waiting for the node: %w", err)
	}
	info := nodeInfo{
		Name:       nodeName,
		Runtime:    runtime,
		Registries: n.registries(),
		Cgroup:     n.cgroup,
		ReadyMS:    time.Since(began).Milliseconds(),
	}
	if err := announce(info); err != nil {
		return err
	}
	select {
	case err := <-n.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// grantNodes lets kubelets do their work. The node authorizer gives them no more, but
// learns of a pod's secrets at the same time as the kubelet, which then may ask too soon.
func grantNodes(ctx context.Context, client kubernetes.Interface) error {
	_, err := client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "nodes"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:node"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:nodes"}},
	}, metav1.CreateOptions{})
	return err
}

// start runs a program with its output in dir, until we end.
func (n *node) start(name, program string, args ...string) error {
	log, err := os.Create(filepath.Join(n.dir, name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return err
	}
	go func() {
		err := command.Wait()
		n.failed <- fmt.Errorf("%s ended: %w", name, err)
	}()
	return nil
}

// waitReady returns the runtime's name and version once the node takes pods.
func (n *node) waitReady(ctx context.Context, client kubernetes.Interface) (runtime string, err error) {
	err = wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		select {
		case err := <-n.failed:
			return false, err
		default:
		}
		found, err := client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		runtime = found.Status.NodeInfo.ContainerRuntimeVersion
		for _, condition := range found.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				return condition.Status == corev1.ConditionTrue, nil
			}
		}
		return false, nil
	})
	return runtime, err
}

func untilExists(ctx context.Context, path string) error {
	return wait.PollUntilContextCancel(ctx, pollInterval, true, func(context.Context) (bool, error) {
		_, err := os.Stat(path)
		return err == nil, nil
	})
}

func writeJSON(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
