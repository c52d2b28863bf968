package node

import (
	"context"

	"github.com/minicf/minicf/stager/plugin"
)

func installModules(ctx context.Context, w *plugin.Workspace, m manifest) error {
	if w.App.RuntimeInfo.NPM == "" {
		return nil
	}
	if m.ignoreNodeModules {
		w.Log.Warn("ignoreNodeModules in cloudfoundry.json is deprecated, native modules are detected automatically now")
	}
	return nil
}
