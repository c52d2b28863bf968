package php

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
)

// stage stages an app for PHP 8 with 64 MB.
func stage(t *testing.T, files map[string]string) (dest string) {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	for name, text := range files {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	props := protocol.StagingProperties{
		FrameworkInfo: framework.Info("php"), RuntimeInfo: protocol.RuntimeInfo{Name: "php", Version: "8.2.36", Executable: "php"},
		Resources: protocol.Resources{Memory: 64},
	}
	if err := plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, props, plugin.Tools{}); err != nil {
		t.Fatal(err)
	}
	return dest
}

func TestModernScriptNeedsNoRuby(t *testing.T) {
	t.Parallel()
	dest := stage(t, map[string]string{"index.php": ""})
	want := `#!/bin/bash
export TMPDIR="$PWD/tmp"
cd apache
bash ./start.sh %VCAP_LOCAL_RUNTIME% > ../logs/stdout.log 2> ../logs/stderr.log &
STARTED=$!
echo "$STARTED" >> ../run.pid
wait $STARTED
`
	if got, err := os.ReadFile(filepath.Join(dest, "startup")); err != nil || string(got) != want {
		t.Errorf("startup is\n%s%v, want\n%s", got, err, want)
	}
	if _, err := os.Stat(filepath.Join(dest, "resources")); err == nil {
		t.Error("the Ruby script of 2012 is in the droplet")
	}
}

// The web server of PHP itself is what a test can rely on: Apache serves nothing when root starts it.
func TestPagesAreServedAndHiddenFilesAreNot(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "php", "bash")
	php, err := exec.LookPath("php")
	if err != nil {
		t.Fatal(err)
	}
	dest := stage(t, map[string]string{
		"index.php": `<?php echo ini_get("memory_limit"), " ", getenv("VCAP_APP_PORT"), " ", $_GET["q"] ?? "";`,
		"style.css": "a {}", ".git/config": "secret", "sub/.env": "secret", ".well-known/token": "public",
	})
	if _, err := droplet.ReplaceRuntime(dest, php); err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(testkit.FreePort(t))
	cmd := exec.CommandContext(t.Context(), "bash", "./startup", "-p", port)
	cmd.Dir = dest
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dest, "VCAP_APP_HOST=127.0.0.1", "VCAP_APP_PORT=" + port}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	testkit.Eventually(t, time.Minute, "the app to accept connections", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	for path, want := range map[string]string{
		"/?q=1": "200 64m " + port + " 1", "/style.css": "200 a {}", "/.well-known/token": "200 public",
		"/.git/config": "404 Not Found\n", "/sub/.env": "404 Not Found\n", "/sub/%2eenv": "404 Not Found\n", "/sub/%2Eenv?a": "404 Not Found\n",
	} {
		if got := get(t, "http://127.0.0.1:"+port+path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", string(body))
}

// Apache refuses to start for a directive whose module it was not told to load.
func TestApacheLoadsTheModulesOfItsDirectives(t *testing.T) {
	t.Parallel()
	conf, err := files.ReadFile("files/apache/apache2.conf")
	if err != nil {
		t.Fatal(err)
	}
	module := map[string]string{
		"TypesConfig": "mime", "DirectoryIndex": "dir", "Require": "authz_core", "RedirectMatch": "alias",
	}
	for directive, name := range module {
		if !strings.Contains(string(conf), directive) || !strings.Contains(string(conf), "LoadModule "+name+"_module") {
			t.Errorf("%s is there without module %s, or not at all", directive, name)
		}
	}
}
