// Command cni connects pods to the network namespace of the node under test. It
// speaks the Container Network Interface, https://www.cni.dev/docs/spec/, 0.3.1 to
// 0.4.0. Each pod has an address of its own and one link to the node, which is its
// gateway; there is no bridge and no packet filter.
//
// It is a program of its own because the runtime starts it for every pod, and
// controlplane takes a while to start.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// gateway is the node's address on every pod's link.
var gateway = net.IPv4(10, 1, 0, 1)

// config is the part of the network's configuration that concerns us.
type config struct {
	CNIVersion string `json:"cniVersion"`
	// Counter is a file with the number of the last pod.
	Counter string `json:"counter"`
}

func main() {
	if err := run(); err != nil {
		_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"code": 100, "msg": err.Error()})
		os.Exit(1)
	}
}

func run() error {
	var conf config
	if err := json.NewDecoder(os.Stdin).Decode(&conf); err != nil {
		return err
	}
	var result map[string]any
	switch os.Getenv("CNI_COMMAND") {
	case "VERSION":
		result = map[string]any{"supportedVersions": []string{"0.3.1", "0.4.0"}}
	case "ADD":
		added, err := add(conf)
		if err != nil {
			return err
		}
		result = added
	default: // A pod's links end with its network namespace.
		return nil
	}
	result["cniVersion"] = conf.CNIVersion
	return json.NewEncoder(os.Stdout).Encode(result)
}

func add(conf config) (map[string]any, error) {
	path := os.Getenv("CNI_NETNS")
	pod, err := netns.GetFromPath(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	defer pod.Close()
	inside, err := netlink.NewHandleAt(pod)
	if err != nil {
		return nil, err
	}
	defer inside.Close()

	name := os.Getenv("CNI_IFNAME")
	address := net.IPv4(127, 0, 0, 1)
	// The runtime asks for the loopback interface by a plugin of that name.
	if filepath.Base(os.Args[0]) == "loopback" {
		lo, err := inside.LinkByName("lo")
		if err != nil {
			return nil, err
		}
		if err := inside.LinkSetUp(lo); err != nil {
			return nil, err
		}
	} else if address, err = connect(conf, name, pod, inside); err != nil {
		return nil, err
	}
	return map[string]any{
		"interfaces": []any{map[string]any{"name": name, "sandbox": path}},
		"ips":        []any{map[string]any{"version": "4", "interface": 0, "address": address.String() + "/32"}},
	}, nil
}

// connect makes a link from the pod to us, with an address of its own at each end.
func connect(conf config, name string, pod netns.NsHandle, inside *netlink.Handle) (net.IP, error) {
	number, err := next(conf.Counter)
	if err != nil {
		return nil, err
	}
	address := net.IPv4(10, 1, byte(number>>8), byte(number))
	link := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: fmt.Sprintf("pod%d", number)},
		PeerName:      name,
		PeerNamespace: netlink.NsFd(pod),
	}
	if err := netlink.LinkAdd(link); err != nil {
		return nil, fmt.Errorf("adding a link: %w", err)
	}
	here := &netlink.Handle{}
	if err := bring(here, link.Name, gateway, address); err != nil {
		return nil, err
	}
	if err := bring(inside, name, address, gateway); err != nil {
		return nil, err
	}
	return address, inside.RouteAdd(&netlink.Route{Gw: gateway})
}

// bring up a link with an address at this end and one at the other.
func bring(handle *netlink.Handle, name string, address, peer net.IP) error {
	link, err := handle.LinkByName(name)
	if err != nil {
		return fmt.Errorf("finding %s: %w", name, err)
	}
	host := func(ip net.IP) *net.IPNet { return &net.IPNet{IP: ip, Mask: net.CIDRMask(32, 32)} }
	if err := handle.AddrAdd(link, &netlink.Addr{IPNet: host(address), Peer: host(peer)}); err != nil {
		return fmt.Errorf("giving %s an address: %w", name, err)
	}
	return handle.LinkSetUp(link)
}

// next counts pods in a file; the first is number 2, behind the gateway.
func next(path string) (uint16, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	last := uint64(1)
	if len(text) > 0 {
		if last, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16); err != nil {
			return 0, err
		}
	}
	if last == 0xfffe {
		return 0, fmt.Errorf("no address is left")
	}
	number := uint16(last + 1)
	_, err = file.WriteAt([]byte(strconv.Itoa(int(number))+"\n"), 0)
	return number, err
}
