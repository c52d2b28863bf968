package sandboxtest

import (
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
)

func TestTutorialAppLives(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ruby", "bash", "ps")
	Live(t, Sample{
		Dir: "../../apps/sinatra", Want: "Hello World!",
		Change: func(a *client.App) { *a = client.TutorialApp("tutorial") },
	})
}
