package main

import (
	"errors"
	"runtime/debug"

	"k8s.io/apimachinery/pkg/version"
	"k8s.io/component-base/compatibility"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// kubernetesVersion returns the version of k8s.io/kubernetes that is linked in,
// so that go.mod is the only place that states it.
func kubernetesVersion() (string, error) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "k8s.io/kubernetes" {
				return module.Version, nil
			}
		}
	}
	return "", errors.New("built without module information")
}

// releasedVersion is an effective version that reports gitVersion to clients.
// Release builds stamp it in with linker flags; the module on its own reports
// v0.0.0-master, and component-base refuses to change that at run time.
type releasedVersion struct {
	compatibility.EffectiveVersion
	gitVersion string
}

func (v releasedVersion) Info() *version.Info {
	info := v.EffectiveVersion.Info()
	info.GitVersion = v.gitVersion
	return info
}

// reportVersion makes the whole chain of servers report gitVersion.
func reportVersion(config *app.Config, gitVersion string) {
	released := releasedVersion{config.KubeAPIs.ControlPlane.Generic.EffectiveVersion, gitVersion}
	config.Aggregator.GenericConfig.EffectiveVersion = released
	config.KubeAPIs.ControlPlane.Generic.EffectiveVersion = released
	config.ApiExtensions.GenericConfig.EffectiveVersion = released
}
