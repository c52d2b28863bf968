package rack

import (
	"testing"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

func TestStagesAsIn2012(t *testing.T) {
	plugintest.Run(t, func() plugin.Plugin { return Plugin{} }, plugintest.Gems, plugintest.Resources("cf-autoconfig-0.0.4.gem", "cf-runtime-0.0.2.gem"))
}
