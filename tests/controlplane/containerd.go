package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"
)

const containerdSocket = "/run/containerd/containerd.sock"

// pauseImage is what keeps a pod's namespaces. It is imported, never pulled.
const pauseImage = "node.test/pause:v1"

// containerdConfig is that of containerd 1.6.
var containerdConfig = template.Must(template.New("containerd").Parse(`version = 2
root = "{{.Data}}/containerd"
state = "/run/containerd"
disabled_plugins = [
    "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing",
    "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
address = "` + containerdSocket + `"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "` + pauseImage + `"
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{{.Data}}/cni/bin"
conf_dir = "{{.Data}}/cni/conf"
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "{{.Registries}}"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
`))

// cniConfig is the pods' network; see cni/main.go.
const cniConfig = `{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "pods", "counter": %q}]}`

// startContainerd starts the runtime and returns once it serves, with the pause image.
func (n *node) startContainerd(ctx context.Context) error {
	if err := n.prepareCNI(); err != nil {
		return err
	}
	config, err := os.Create(filepath.Join(n.data, "containerd.toml"))
	if err != nil {
		return err
	}
	defer config.Close()
	values := map[string]string{"Data": n.data, "Registries": n.registries()}
	if err := containerdConfig.Execute(config, values); err != nil {
		return err
	}
	if err := n.start("containerd", "containerd", "--config", config.Name()); err != nil {
		return err
	}
	if err := untilExists(ctx, containerdSocket); err != nil {
		return err
	}
	load := exec.CommandContext(ctx, "ctr", "--namespace", "k8s.io", "images", "import", n.pause)
	if said, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("importing the pause image: %w: %s", err, said)
	}
	return nil
}

func (n *node) prepareCNI() error {
	bin, conf := filepath.Join(n.data, "cni/bin"), filepath.Join(n.data, "cni/conf")
	for _, folder := range []string{bin, conf, n.registries()} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	plugin := filepath.Join(filepath.Dir(executable), "cni")
	for _, name := range []string{"pods", "loopback"} {
		if err := os.Symlink(plugin, filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	text := fmt.Sprintf(cniConfig, filepath.Join(n.data, "cni/counter"))
	return os.WriteFile(filepath.Join(conf, "pods.conflist"), []byte(text), 0o644)
}
