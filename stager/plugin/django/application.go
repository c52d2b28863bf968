package django

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// application is what gunicorn is to serve: the module wsgi that Django makes beside the settings, or else what Django itself
// has for a project without one.
func application(w *plugin.Workspace) (string, error) {
	settings, err := settingsModule(w)
	if err != nil {
		return "", err
	}
	module := "wsgi"
	if i := strings.LastIndex(settings, "."); i >= 0 {
		module = settings[:i] + ".wsgi"
	}
	if w.Has("app/" + strings.ReplaceAll(module, ".", "/") + ".py") {
		return module + ":application", nil
	}
	return "--env DJANGO_SETTINGS_MODULE=" + settings + " 'django.core.wsgi:get_wsgi_application()'", nil
}

// inManage is how manage.py names the module with the project's settings.
var inManage = regexp.MustCompile(`DJANGO_SETTINGS_MODULE['"][\s,\]=]+['"]([A-Za-z_][\w.]*)['"]`)

// settingsModule is the module with the project's settings: that which manage.py names, or the only settings.py.
func settingsModule(w *plugin.Workspace) (string, error) {
	text, err := w.ReadApp("manage.py")
	if err != nil {
		return "", &plugin.StagingError{Message: err.Error()}
	}
	if m := inManage.FindSubmatch(text); m != nil {
		return string(m[1]), nil
	}
	if w.Has("app/settings.py") {
		return "settings", nil
	}
	found, err := w.Glob("app/*/settings.py")
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", &plugin.StagingError{
			Message: fmt.Sprintf("no module with the settings of the Django project is to be found: there are %d files */settings.py", len(found)),
			Tip:     "name it in manage.py: os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')",
		}
	}
	name := path.Base(path.Dir(found[0]))
	if err := plugin.CheckName(name); err != nil {
		return "", &plugin.StagingError{Message: fmt.Sprintf("the directory of the settings cannot be called %q: %v", name, err), Tip: "rename it"}
	}
	return name + ".settings", nil
}
