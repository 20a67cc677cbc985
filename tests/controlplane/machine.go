package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// serviceAddress is that of the service `kubernetes`, the first of the range.
const serviceAddress = "10.0.0.1"

// kubeletRoot is where the kubelet keeps pods. Sockets of device plugins are there
// whatever it is told.
const kubeletRoot = "/var/lib/kubelet"

// hidden are folders that a node writes to. It gets empty ones.
var hidden = []string{"/run", "/var/lib", "/var/log"}

// sysctls are what the kubelet sets, and those it reads to see that they are set.
// They are the machine's, so it gets files that say so.
var sysctls = map[string]string{
	"kernel/keys/root_maxbytes": "25000000",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
}

// prepareMachine makes our namespaces look like a machine of the node's own. Nothing
// of it is seen outside, and all of it ends with us.
func prepareMachine(data string) error {
	for _, folder := range hidden {
		if executable, err := os.Executable(); err != nil {
			return err
		} else if strings.HasPrefix(executable, folder+"/") || strings.HasPrefix(data, folder+"/") {
			return fmt.Errorf("a node cannot be run from %s", folder)
		}
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	for _, folder := range hidden {
		if err := unix.Mount("tmpfs", folder, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("mounting %s: %w", folder, err)
		}
	}
	pods := filepath.Join(data, "kubelet")
	for _, folder := range []string{pods, kubeletRoot} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	if err := bind(pods, kubeletRoot); err != nil {
		return err
	}
	// What is mounted for a pod has to be seen where its container is made.
	if err := unix.Mount("", kubeletRoot, "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing %s: %w", kubeletRoot, err)
	}
	if err := prepareHosts(filepath.Join(data, "hosts")); err != nil {
		return err
	}
	if err := prepareNames(data); err != nil {
		return err
	}
	if err := prepareSysctls(filepath.Join(data, "sysctl")); err != nil {
		return err
	}
	return prepareNetwork()
}

func bind(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting %s: %w", to, err)
	}
	return nil
}

// prepareHosts gives the node its name, by which the API server asks it for logs, and
// one that no certificate is for.
func prepareHosts(file string) error {
	hosts, err := os.ReadFile("/etc/hosts")
	if err != nil {
		return err
	}
	hosts = append(hosts, "\n"+serviceAddress+" "+nodeName+"\n127.0.0.1 quay.node.test\n"...)
	if err := os.WriteFile(file, hosts, 0o644); err != nil {
		return err
	}
	return bind(file, "/etc/hosts")
}

func prepareSysctls(folder string) error {
	for name, value := range sysctls {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := bind(file, filepath.Join("/proc/sys", name)); err != nil {
			return err
		}
	}
	return nil
}

// prepareNetwork gives the empty network namespace its loopback interface, with the
// addresses that pods look for the API server and names at, and lets pods reach each
// other.
func prepareNetwork() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	for _, own := range []string{serviceAddress, nameServer} {
		address := &net.IPNet{IP: net.ParseIP(own), Mask: net.CIDRMask(32, 32)}
		if err := netlink.AddrAdd(lo, &netlink.Addr{IPNet: address}); err != nil {
			return err
		}
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return err
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
}
