package java

import (
	"context"
	"path"

	"github.com/minicf/minicf/stager/plugin"
)

// autoconfigJar has the classes that [Contexts] and the plugins for Lift and Play put into apps.
const autoconfigJar = "auto-reconfiguration-0.6.5.jar"

// CopyAutoconfig puts the jar of auto-reconfiguration into lib, a directory of the droplet. When the platform has none (see
// autoconfig_resources in config/platform.yml) auto-reconfiguration is off, which the log says, and the app has to be left
// as it is.
func CopyAutoconfig(ctx context.Context, w *plugin.Workspace, lib string) (on bool, err error) {
	jar, on := w.Resource(autoconfigJar)
	if !on {
		w.Log.Warn("Auto-reconfiguration disabled because the platform has no " + autoconfigJar + ".")
		return false, nil
	}
	dest := path.Join(lib, autoconfigJar)
	if err := w.Remove(dest); err != nil { // as cp, which replaced one that the app had brought
		return false, err
	}
	return true, w.CopyIn(ctx, jar, dest)
}
