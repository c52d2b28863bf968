package wheels

import (
	"context"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/python"
)

// vendoredFiles are the packages that the app has brought: the directories in which there are any, relative to the app, and all
// of them, relative to the droplet.
func vendoredFiles(w *plugin.Workspace) (dirs, files []string, err error) {
	for _, dir := range vendored() {
		var found []string
		for _, pattern := range []string{"*.whl", "*.tar.gz", "*.zip"} {
			names, err := w.Glob("app/" + dir + "/" + pattern)
			if err != nil {
				return nil, nil, err
			}
			found = append(found, names...)
		}
		if len(found) > 0 {
			dirs, files = append(dirs, dir), append(files, found...)
		}
	}
	return dirs, files, nil
}

var comment = regexp.MustCompile(`(?m)(^|\s)#.*$`)

// elsewhere are lines of a requirements.txt whose meaning lies in other files, or in a repository that may change.
var elsewhere = regexp.MustCompile(`(?m)^\s*(-[rce]|--requirement|--constraint|--editable)\b|^\s*\.|git\+|hg\+|svn\+|bzr\+|file:|/`)

// cacheKey stands for all that decides what is installed; it is "" when that cannot be told.
func cacheKey(ctx context.Context, w *plugin.Workspace, files []string) (string, error) {
	text, err := w.ReadApp(python.Requirements)
	if err != nil {
		return "", &plugin.StagingError{Message: err.Error()}
	}
	if elsewhere.Match(comment.ReplaceAll(text, nil)) {
		return "", nil
	}
	parts := []string{"1", runtime.GOOS, runtime.GOARCH, string(w.App.RuntimeInfo.Version), w.Platform.PythonIndex, string(text)}
	for _, name := range files {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		sum, err := install.FileSum(filepath.Join(w.Dest, filepath.FromSlash(name)))
		if err != nil {
			return "", err
		}
		parts = append(parts, name[strings.LastIndex(name, "/")+1:], sum)
	}
	return install.Key(parts...), nil
}
