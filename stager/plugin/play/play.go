// Package play stages applications of Play 2, which bring their own web server.
//
// In goes what `play dist` makes, a directory with a start script and jars, inside of the app's; out comes a droplet with that
// directory as app/ and a startup script that runs the start script. Where the platform has the jar of auto-reconfiguration, its main class
// takes the place of Play's. In 2012 this was the PlayPlugin of vcap-staging.
package play

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java"
)

const (
	startScript = "app/start"
	lib         = "app/lib"
	startMode   = 0o744

	playServer  = "play.core.server.NettyServer"
	cloudServer = "org.cloudfoundry.reconfiguration.play.Bootstrap"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var (
	_ plugin.Plugin = Plugin{}
	_ plugin.Placer = Plugin{}
)

// Name is "play".
func (Plugin) Name() string { return "play" }

// Place takes the content of the first directory for the app: `play dist` puts everything in one.
func (Plugin) Place(w *plugin.Workspace) (from, to string, err error) {
	entries, err := os.ReadDir(w.Source)
	if err != nil {
		return "", "", fmt.Errorf("source_dir: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") { // as it is for a *
			continue
		}
		if !e.IsDir() {
			break
		}
		return e.Name(), droplet.AppDir, nil
	}
	return "", "", noStart()
}

// Stage adds drivers, auto-reconfiguration and the scripts.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	text, err := w.Read(startScript)
	if err != nil {
		return &plugin.StagingError{Message: err.Error()}
	}
	if text == nil {
		return noStart()
	}
	if err := java.CopyDrivers(ctx, w, lib, lib); err != nil {
		return err
	}
	on, err := java.CopyAutoconfig(ctx, w, lib)
	if err != nil {
		return err
	}
	if on {
		text = bytes.ReplaceAll(text, []byte(playServer), []byte(cloudServer))
	}
	if err := w.Write(startScript, text, startMode); err != nil {
		return err
	}
	if err := w.WriteStartup(func() (plugin.Script, error) { return plugin.Script{Command: command(w)}, nil }); err != nil {
		return err
	}
	return w.WriteStop(w.StopText())
}

// command starts Play.
func command(w *plugin.Workspace) string {
	return fmt.Sprintf("./start %s -Dhttp.port=$VCAP_APP_PORT -Djava.io.tmpdir=%s $JAVA_OPTS", java.MemoryOptions(w), java.TmpDir(w))
}

func noStart() error {
	return &plugin.StagingError{
		Message: "Play application staging failed: there is no start script",
		Tip:     "push the unpacked zip that `play dist` makes: one directory, with start and lib/ in it",
	}
}
