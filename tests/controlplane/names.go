package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer is where pods, and all others in the node's network, ask for names.
const nameServer = "10.0.0.10"

// serveNames answers, until ctx has ended, that there is no such name, whatever it is
// asked for. Without an answer lookups end much later, and with another error.
func serveNames(ctx context.Context) error {
	server, err := net.ListenPacket("udp4", net.JoinHostPort(nameServer, "53"))
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { server.Close() })
	buffer := make([]byte, 512)
	for {
		size, client, err := server.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		var message dnsmessage.Message
		if message.Unpack(buffer[:size]) != nil {
			continue
		}
		message.Response, message.RCode = true, dnsmessage.RCodeNameError
		message.Additionals = nil
		if answer, err := message.Pack(); err == nil {
			_, _ = server.WriteTo(answer, client)
		}
	}
}

// prepareNames has programs ask our name server, with a file in data where the machine
// has one in its place.
func prepareNames(data string) error {
	const file = "/etc/resolv.conf"
	content := []byte("nameserver " + nameServer + "\n")
	target, err := os.Readlink(file)
	if _, there := os.Stat(file); err == nil && errors.Is(there, fs.ErrNotExist) {
		// A link into a folder that we have hidden.
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(file), target)
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	}
	own := filepath.Join(data, "resolv.conf")
	if err := os.WriteFile(own, content, 0o644); err != nil {
		return err
	}
	return bind(own, file)
}
