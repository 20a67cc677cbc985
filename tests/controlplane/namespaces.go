package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupPrefix begins the name of a node's cgroup; its process's id ends it.
const cgroupPrefix = "controlplane-node-"

// outside runs this program again in namespaces of its own, with its arguments and
// --inside, and returns when that has ended and nothing is left of it.
func outside(opts options) error {
	if os.Geteuid() != 0 {
		return errors.New("--node needs root")
	}
	data, err := os.MkdirTemp("", "controlplane-node-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	cgroups, err := cgroupMounts()
	if err != nil {
		return err
	}
	sweep(cgroups)
	cgroup := cgroupPrefix + strconv.Itoa(os.Getpid())
	for _, mount := range cgroups {
		if err := os.Mkdir(filepath.Join(mount, cgroup), 0o755); err != nil {
			return err
		}
	}
	defer func() {
		for _, mount := range cgroups {
			removeCgroup(filepath.Join(mount, cgroup))
		}
	}()

	// Pdeathsig comes when the thread ends that started the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	inner := exec.Command("/proc/self/exe", append(os.Args[1:], "--inside", data, "--cgroup", cgroup)...)
	inner.Stdin, inner.Stderr = os.Stdin, os.Stderr
	inner.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Pdeathsig:  unix.SIGKILL,
	}
	stdout, err := inner.StdoutPipe()
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	if err := inner.Start(); err != nil {
		return fmt.Errorf("starting in namespaces of its own: %w", err)
	}
	go func() {
		for received := range signals {
			_ = inner.Process.Signal(received)
		}
	}()
	if err := relay(stdout, os.Stdout, inner.Process.Pid); err != nil {
		return err
	}
	return inner.Wait()
}

// relay passes on the line that says all works, with the process's id as it is out
// here, where somebody may want to enter its network namespace.
func relay(from io.Reader, to io.Writer, pid int) error {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		var line ready
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return err
		}
		line.PID = pid
		if err := json.NewEncoder(to).Encode(line); err != nil {
			return err
		}
	}
	return lines.Err()
}

// cgroupMounts are the roots of all cgroup hierarchies, of either version.
func cgroupMounts() ([]string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	var roots []string
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) > 2 && (fields[2] == "cgroup" || fields[2] == "cgroup2") {
			roots = append(roots, fields[1])
		}
	}
	if len(roots) == 0 {
		return nil, errors.New("no cgroups are mounted")
	}
	return roots, nil
}

// sweep removes the cgroups of nodes that were killed.
func sweep(mounts []string) {
	for _, mount := range mounts {
		left, _ := filepath.Glob(filepath.Join(mount, cgroupPrefix+"*"))
		for _, path := range left {
			pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), cgroupPrefix))
			if err == nil && unix.Kill(pid, 0) == unix.ESRCH {
				removeCgroup(path)
			}
		}
	}
}

// removeCgroup removes a cgroup and those below it. Its processes have been killed,
// but may take a moment to be gone.
func removeCgroup(root string) {
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(pollInterval) {
		var below []string
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				below = append(below, path)
			}
			return nil
		})
		for i := len(below) - 1; i >= 0; i-- {
			_ = unix.Rmdir(below[i])
		}
		if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
}
