package plugintest_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

// Plugin stages apps that are written with Mojolicious.
type Plugin struct{}

// Name is what requests call the framework.
func (Plugin) Name() string { return "perl" }

// Stage finds the main file by the framework's manifest and writes the scripts.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	err := w.WriteStartup(func() (plugin.Script, error) {
		files, err := framework.Match(ctx, w.App.FrameworkInfo.Detection, w.AppDir())
		if err != nil {
			return plugin.Script{}, err
		}
		if len(files) == 0 {
			return plugin.Script{}, &plugin.StagingError{Message: "no *.pl uses Mojolicious::Lite", Tip: "the main file belongs at the top of the app"}
		}
		if err := plugin.CheckName(files[0]); err != nil {
			return plugin.Script{}, &plugin.StagingError{Message: fmt.Sprintf("the main file cannot be called %q: %v", files[0], err)}
		}
		return plugin.Script{
			Env:     map[string]string{"PERL5LIB": "$PWD/app/lib"},
			Command: droplet.RuntimeToken + " " + files[0] + " daemon $@",
		}, nil
	})
	if err != nil {
		return err
	}
	return w.WriteStop(plugin.StopText)
}

func TestPluginOfTheHowTo(t *testing.T) {
	plugintest.Run(t, func() plugin.Plugin { return Plugin{} })
}

// The page and this file show the same plugin.
func TestHowToShowsThePluginThatIsTested(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/howto/framework.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("howto_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "```go\n")
	shown, _, _ = strings.Cut(shown, "```")
	if shown == "" || !strings.Contains(string(source), shown) {
		t.Errorf("docs/howto/framework.md shows\n%s, which is not in howto_test.go", shown)
	}
}
