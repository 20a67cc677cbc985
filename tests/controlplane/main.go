// Command controlplane runs a real Kubernetes control plane in one process: etcd,
// kube-apiserver and the controllers that clients notice when they are missing. On
// demand it runs a node, too. See README.md for its interface.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/klog/v2"
)

// ready is the one line written to stdout, once clients may start.
type ready struct {
	Version string `json:"version"`
	Server  string `json:"server"`
	Admin   string `json:"admin"`
	Limited string `json:"limited"`
	PID     int    `json:"pid"`
	ReadyMS int64  `json:"ready_ms"`
	// Node is there if one was asked for.
	Node *nodeInfo `json:"node,omitempty"`
}

// options are the parsed command line.
type options struct {
	dir          string
	verbose      bool
	printVersion bool
	// node is a folder with containerd and runc, if there is to be a node, and pause
	// a file with the image that keeps pods' namespaces.
	node, pause string
	// inside is the folder for the node's data, and cgroup that of its pods, in the
	// namespaces where the node runs.
	inside, cgroup string
}

var errStdinClosed = errors.New("stdin was closed")

func main() {
	began := time.Now()
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "kubelet":
			os.Exit(runKubelet(os.Args[2:]))
		case "kubelet-credentials":
			if err := answerCredentials(os.Stdin, os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, "controlplane kubelet-credentials:", err)
				os.Exit(1)
			}
			return
		}
	}
	opts := parse(os.Args[1:])
	if opts.node != "" && opts.inside == "" {
		if err := outside(opts); err != nil {
			fmt.Fprintln(os.Stderr, "controlplane:", err)
			os.Exit(1)
		}
		return
	}

	// The log may take over stderr. Whoever started us is told of a failure on
	// the stream they gave us.
	console := os.Stderr
	if fd, err := unix.Dup(unix.Stderr); err == nil {
		console = os.NewFile(uintptr(fd), os.Stderr.Name())
	}
	if err := start(opts, began); err != nil {
		fmt.Fprintln(console, "controlplane:", err)
		os.Exit(1)
	}
}

// parse exits, like flag.Parse, when it is asked for help or given nonsense. It
// does not use flag.CommandLine because Kubernetes' packages add to that.
func parse(args []string) options {
	var opts options
	flags := flag.NewFlagSet("controlplane", flag.ExitOnError)
	flags.StringVar(&opts.dir, "dir", "", "`directory` for admin.kubeconfig, limited.kubeconfig and apiserver.log (required, created if missing)")
	flags.BoolVar(&opts.verbose, "verbose", false, "log to stderr instead of apiserver.log")
	flags.BoolVar(&opts.printVersion, "version", false, "print the Kubernetes version and exit")
	flags.StringVar(&opts.node, "node", "", "run a node, too, with the containerd and runc in this `directory`, in namespaces of its own")
	flags.StringVar(&opts.pause, "pause", "", "`archive` with the image "+pauseImage+" (required for a node)")
	flags.StringVar(&opts.inside, "inside", "", "set by --node")
	flags.StringVar(&opts.cgroup, "cgroup", "", "set by --node")
	_ = flags.Parse(args) // ExitOnError
	if flags.NArg() > 0 || opts.dir == "" && !opts.printVersion || (opts.node == "") != (opts.pause == "") {
		flags.Usage()
		os.Exit(2)
	}
	return opts
}

func start(opts options, began time.Time) error {
	version, err := kubernetesVersion()
	if err != nil {
		return err
	}
	if opts.printVersion {
		fmt.Println(version)
		return nil
	}

	dir, err := filepath.Abs(opts.dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if !opts.verbose {
		if err := redirectStderr(filepath.Join(dir, "apiserver.log")); err != nil {
			return fmt.Errorf("opening the log: %w", err)
		}
	}

	opts.dir = dir
	announced := false
	ctx := stopContext()
	err = run(ctx, version, opts, func(url string, node *nodeInfo) error {
		announced = true
		return json.NewEncoder(os.Stdout).Encode(ready{
			Node:    node,
			Version: version,
			Server:  url,
			Admin:   kubeconfigPath(dir, adminName),
			Limited: kubeconfigPath(dir, limitedName),
			PID:     os.Getpid(),
			ReadyMS: time.Since(began).Milliseconds(),
		})
	})
	if ctx.Err() == nil {
		return err
	}
	// Told to stop, so it does not matter what that interrupted.
	if !announced {
		return fmt.Errorf("stopped before it was ready: %w", context.Cause(ctx))
	}
	return nil
}

// redirectStderr appends everything written to file descriptor 2 to a new file.
// Replacing the descriptor, rather than configuring loggers, catches all of
// klog, etcd's zap, what other dependencies print, and the trace of a crash.
func redirectStderr(path string) error {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	return unix.Dup2(int(log.Fd()), unix.Stderr)
}

// stopContext returns a context that ends on a termination signal or when stdin
// reaches EOF. The latter ties our life to our parent's: however it dies, the
// kernel closes its end of the pipe.
func stopContext() context.Context {
	// A dead parent breaks stdout and stderr too. Writing to them must not kill
	// us before the data directory is gone.
	signal.Ignore(syscall.SIGPIPE)

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel(errStdinClosed)
	}()
	context.AfterFunc(ctx, func() {
		klog.InfoS("Stopping", "cause", context.Cause(ctx))
		stop() // a second signal terminates at once
	})
	return ctx
}
