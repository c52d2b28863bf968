package python

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// Env is what a startup script sets for a Python of today: where the app's packages are, and that its output is written at
// once.
func Env() map[string]string {
	return map[string]string{
		"PATH": "$PWD/" + Dir + "/bin:$PATH", "PYTHONUNBUFFERED": "true", "PYTHONUSERBASE": "$PWD/" + Dir,
	}
}

// InstallRequirements installs what the app's requirements.txt asks for, if it has one.
func InstallRequirements(ctx context.Context, w *plugin.Workspace) error {
	if !w.HasSource(Requirements) {
		return nil
	}
	if w.Wheels == nil {
		return &plugin.StagingError{Message: "the app has a " + Requirements + ", and no packages can be installed here"}
	}
	w.Log.Info("Installing the packages of " + Requirements + ". Python version " + string(w.App.RuntimeInfo.Version))
	return w.Wheels.Install(ctx, w)
}

// lacking prints those of its arguments that cannot be imported.
const lacking = `import importlib.util, sys
print(" ".join(m for m in sys.argv[1:] if importlib.util.find_spec(m) is None))`

// RequireModules makes sure that the app will find the modules that its framework needs, among its own packages or on this
// machine. Where no program may run it believes so.
func RequireModules(ctx context.Context, w *plugin.Workspace, modules ...string) error {
	exe, ok := w.Runtime()
	if !ok {
		return nil
	}
	env := []string{"PYTHONUSERBASE=" + filepath.Join(w.Dest, Dir)}
	output, err := w.RunTool(ctx, env, append([]string{exe, "-c", lacking}, modules...)...)
	switch {
	case errors.Is(err, plugin.ErrNoTools):
		return nil
	case err != nil:
		return err
	}
	if missing := strings.Fields(string(output)); len(missing) > 0 {
		return &plugin.StagingError{
			Message: strings.Join(missing, " and ") + " is neither in " + Requirements + " nor on this machine",
			Tip:     "add it to " + Requirements + ", or install it for all apps: minicf doctor --install python-web",
		}
	}
	return nil
}
