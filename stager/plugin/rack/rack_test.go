package rack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

func TestStagesAsIn2012(t *testing.T) {
	plugintest.Run(t, func() plugin.Plugin { return Plugin{} }, plugintest.Gems, plugintest.Resources("cf-autoconfig-0.0.4.gem", "cf-runtime-0.0.2.gem"))
}

func TestServerOfTodayListensWhereItIsReached(t *testing.T) {
	t.Parallel()
	dest := t.TempDir()
	props := protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "rack"}, RuntimeInfo: protocol.RuntimeInfo{Name: "ruby", Version: "3.1.2"},
	}
	if err := plugin.Stage(t.Context(), plugin.Set{Plugin{}}, t.TempDir(), dest, props, plugin.Tools{}); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(dest, "startup"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "\n" + `%VCAP_LOCAL_RUNTIME% -S rackup "$@" -o "${VCAP_APP_HOST:-0.0.0.0}" config.ru -E "$RACK_ENV" > ../logs/stdout.log`
	if !strings.Contains(string(script), want) {
		t.Errorf("startup is\n%s, want %q in it", script, want)
	}
}
