package dea

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/testkit"
)

// A message says which runtime, and dea.yml which program that is: nothing of a message may become one.
func TestMappedRuntimeIsItsOwnProgramAndNoFieldOfAMessageIsRun(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash")
	marker := filepath.Join(t.TempDir(), "ran")
	evil := filepath.Join(t.TempDir(), "evil")
	if err := os.WriteFile(evil, []byte("#!/bin/sh\ntouch "+marker+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t)
	cfg.Runtimes = config.NameMap{{Name: "ruby19", Value: "/bin/bash"}}
	h := start(t, cfg, real)
	hostile := "x'; " + evil + " #`" + evil + "`$(" + evil + ")"
	r := h.realApp("hello", "#!/bin/bash\necho '%VCAP_LOCAL_RUNTIME%' > new; mv new runtime; sleep 1000\n")
	r.URIs = []string{}
	r.RuntimeInfo.Executable = evil
	r.RuntimeInfo.VersionFlag = hostile
	r.RuntimeInfo.AdditionalChecks = hostile
	r.Framework, r.Users, r.CCPartition = hostile, []string{hostile}, &hostile
	r.Name = hostile
	h.startApp(r)
	h.wait("dea.heartbeat")
	path := filepath.Join(h.one().dir, "runtime")
	var text []byte
	testkit.Eventually(t, patience, "the startup script to have run", func() bool {
		var err error
		text, err = os.ReadFile(path)
		return err == nil
	})
	if got := string(text); got != "/bin/bash\n" && got != "/usr/bin/bash\n" {
		t.Errorf("the runtime is %q, want the configured one", got)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("a field of the message was run")
	}
}
