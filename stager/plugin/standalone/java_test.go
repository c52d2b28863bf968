package standalone

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
)

func TestJavaOfTodayStaysWithinItsMemory(t *testing.T) {
	t.Parallel()
	dest := t.TempDir()
	err := plugin.Stage(t.Context(), plugin.Set{Plugin{}}, t.TempDir(), dest, protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "standalone"}, Meta: map[string]any{"command": "java $JAVA_OPTS App"},
		RuntimeInfo: protocol.RuntimeInfo{Name: "java", Version: "17.0.15"}, Resources: protocol.Resources{Memory: 256},
	}, plugin.Tools{})
	script, _ := os.ReadFile(filepath.Join(dest, "startup")) // empty when staging failed
	want := `export JAVA_OPTS="$JAVA_OPTS -Xmx128m -XX:+ExitOnOutOfMemoryError -Djava.io.tmpdir=../tmp"`
	if err != nil || !strings.Contains(string(script), "\n"+want+"\n") {
		t.Errorf("the script is\n%s%v, want %s", script, err, want)
	}
}
