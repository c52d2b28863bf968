// Package npm installs the modules of Node.js apps.
//
// In goes an app with a package.json, out comes its node_modules: for a Node.js of today by the machine's own npm (install.go),
// for one of 2012 module by module (tree.go), as NpmSupport of vcap-staging did it. What was fetched, built or installed once is
// kept in the platform's cache, below npm_cache.
package npm

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
)

const (
	// PublicRegistry is where modules come from unless the platform says another place.
	PublicRegistry = "https://registry.npmjs.org"
	// registryPatience is how long the registry may take for one answer. In 2012 it was a minute too, Ruby's default.
	registryPatience = time.Minute
)

// Installer installs modules. The zero value is ready: everything else is the workspace's.
type Installer struct {
	Env []string // "K=V" that the tools need to reach the network
}

var _ plugin.ModuleTools = Installer{}

// registry is where the workspace's modules come from, without a slash at the end.
func registry(w *plugin.Workspace) string {
	return strings.TrimSuffix(cmp.Or(w.Platform.NPMRegistry, PublicRegistry), "/")
}

// client asks the registry, through the proxy that the environment names.
func client() *http.Client { return &http.Client{Timeout: registryPatience} }

// cacheDir is a directory in the platform's cache; "" when there is no cache.
func cacheDir(w *plugin.Workspace, names ...string) string {
	if w.Platform.Cache == "" {
		return ""
	}
	return filepath.Join(append([]string{w.Platform.Cache, "npm_cache"}, names...)...)
}

// program is how npm is called: the one of the request, as the cloud controller of 2012 named it, or that which came with the
// runtime's node, or the machine's.
func program(w *plugin.Workspace) ([]string, error) {
	node, ok := w.Runtime()
	if !ok {
		return nil, install.Missing("node", "There is no Node.js to install modules with")
	}
	npm, ok := w.Program(candidates(w, node)...)
	if !ok {
		return nil, install.Missing("npm", "There is no npm to install modules with")
	}
	if strings.HasSuffix(npm, ".js") {
		return []string{node, npm}, nil
	}
	return []string{npm}, nil
}

func candidates(w *plugin.Workspace, node string) []string {
	names := []string{filepath.Join(filepath.Dir(node), "npm"), "npm"}
	if own := w.App.RuntimeInfo.NPM; own != "" {
		names = append([]string{own}, names...)
	}
	return names
}

// run runs npm in a directory of this machine, or in the app when dir is "".
func (i Installer) run(ctx context.Context, w *plugin.Workspace, dir string, args ...string) ([]byte, error) {
	npm, err := program(w)
	if err != nil {
		return nil, err
	}
	if w.Run == nil {
		return nil, plugin.ErrNoTools
	}
	if err := tellRegistry(w); err != nil {
		return nil, err
	}
	c, err := w.Command(append([]string{"NODE_ENV=production"}, i.Env...), append(npm, args...)...)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		c.Dir = dir
	}
	if kept := cacheDir(w, "npm"); kept != "" {
		if err := os.MkdirAll(kept, 0o755); err != nil {
			return nil, err
		}
		c.Write = append(c.Write, kept)
	}
	return w.Run(ctx, c)
}

// tellRegistry writes the registry into the user's .npmrc, HOME being the staging's own: the app's .npmrc wins over that.
func tellRegistry(w *plugin.Workspace) error {
	if w.Platform.NPMRegistry == "" {
		return nil
	}
	home, err := w.ScratchDir()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, ".npmrc"), []byte("registry="+registry(w)+"/\n"), 0o600)
}
