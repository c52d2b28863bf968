package gems

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/minicf/minicf/stager/plugin"
)

// find returns the package of a gem: the platform's resource, the app's own, the cache's, or one that is fetched now. One that
// was compiled for the machine's platform will do where the lock file does not say so, and one for any platform where it does.
func (t *Tools) find(ctx context.Context, w *plugin.Workspace, c cache, gem plugin.Gem) (string, error) {
	if gem.File != "" {
		return gem.File, nil
	}
	names := packageNames(gem)
	for _, name := range names {
		if file := filepath.Join(w.AppDir(), "vendor", "cache", name); exists(file) {
			return file, nil
		}
	}
	for _, name := range names {
		if file := c.blessed(name); exists(file) {
			return file, nil
		}
	}
	w.Log.Info("Need to fetch " + gem.FileName() + " from RubyGems")
	return t.fetch(ctx, c, gem, sources(w, gem))
}

// packageNames are the names that a gem's package may have, the best first.
func packageNames(gem plugin.Gem) []string {
	anywhere := gem
	anywhere.Platform = ""
	return slices.Compact([]string{gem.FileName(), anywhere.FileName()})
}

// sources are where a gem may be fetched: the operator's word goes before the lock file's.
func sources(w *plugin.Workspace, gem plugin.Gem) []string {
	if w.Platform.GemSource != "" {
		return []string{w.Platform.GemSource}
	}
	return gem.Remotes
}

// missing is the error of 2012 about a gem that is nowhere, with the reason.
func missing(gem plugin.Gem, why error) error {
	return &plugin.StagingError{
		Message: fmt.Sprintf("Failed fetching missing gem %s from Rubygems: %v", gem.FileName(), why),
		Tip:     "put it into the app's vendor/cache (`bundle cache` does), or name a server that has it: gem_source in platform.yml",
	}
}
