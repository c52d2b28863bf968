package tomcat

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java"
)

// files go into droplets, as they are.
//
//go:embed files
var files embed.FS

const (
	fileMode = 0o644

	// dropletYAML tells the DEA which file says that the application runs.
	dropletYAML = "---\nstate_file: tomcat.state"

	launcher = "tomcat/bin/catalina.sh"
)

// addContainer adds what stands around the application: Tomcat, and the scripts that complete its configuration.
func addContainer(ctx context.Context, w *plugin.Workspace) error {
	if err := addFiles(w, "resources"); err != nil {
		return err
	}
	if err := w.Write("droplet.yaml", []byte(dropletYAML), fileMode); err != nil {
		return err
	}
	if archive, ok := w.Resource("tomcat.zip"); ok && !w.Modern() {
		if err := w.UnpackIn(ctx, archive, "tomcat"); err != nil {
			return err
		}
		return w.Remove("tomcat/conf/server.xml")
	}
	if err := addFiles(w, "tomcat"); err != nil {
		return err
	}
	api, err := servletAPI(ctx, w.AppDir())
	if err != nil {
		return fmt.Errorf("look for the servlet API: %w", err)
	}
	if err := w.Write("tomcat/bin/setenv.sh", []byte(setenv(w, api)), fileMode); err != nil {
		return err
	}
	return checkContainer(ctx, w)
}

// setenv is what the launcher wants to know. The script of 2012 makes the heap as large as the limit of the whole app, and the
// virtual machine of the launcher is one of today, whatever version was asked for.
func setenv(w *plugin.Workspace, api string) string {
	text := "# The package of the servlet API that the application's classes use; empty if none does.\nSERVLET_API=" + api + "\n"
	if !w.Modern() {
		text += fmt.Sprintf("# A heap with which Java stays within %d MB.\nJVM_OPTIONS=\"-Xms16m -Xmx%dm\"\n", w.Memory(), java.Heap(w.Memory()))
	}
	return text
}

// checkContainer refuses an app for a runtime of today where no container is, on the understanding that the DEA's machine is
// like this one. The versions of 2012 are staged as they were then, and fail when they are started, if they do.
func checkContainer(ctx context.Context, w *plugin.Workspace) error {
	if !w.Modern() || w.Run == nil {
		return nil
	}
	said, err := w.RunTool(ctx, nil, "bash", path.Join(w.Dest, launcher), "version")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	text := strings.TrimSpace(string(said))
	if err != nil {
		return &plugin.StagingError{Message: cmp.Or(text, err.Error())}
	}
	w.Log.Info("The application will run in " + text + ".")
	return nil
}

// addFiles writes one of the directories in files into the droplet.
func addFiles(w *plugin.Workspace, dir string) error {
	from, err := fs.Sub(files, "files")
	if err != nil {
		return err
	}
	return w.WriteTree(from, dir)
}
