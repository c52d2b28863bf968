package controller

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/controller/uaa"
)

// dirToServe makes this test's program a controller that keeps its bits there.
const dirToServe = "MINICF_TEST_CONTROLLER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(dirToServe); dir != "" {
		serveUntilKilled(dir)
	}
	os.Exit(m.Run())
}

// serveUntilKilled writes the URL of a controller to standard output, and never returns.
func serveUntilKilled(dir string) {
	server, err := bus.NewServer(bus.ServerConfig{NoListen: true, Records: filepath.Join(dir, "records")})
	if err != nil {
		panic(err)
	}
	up := make(chan struct{})
	go func() { panic(server.Run(context.Background(), func() { close(up) })) }()
	<-up
	b := bus.New(bus.Options{Server: server})
	if err := b.Open(); err != nil {
		panic(err)
	}
	cfg := Default().Resolve(func(p string) string { return filepath.Join(dir, p) })
	cfg.Port, cfg.SampleApp, cfg.Status.Port = 0, "", bus.NoStatusPort
	c, err := New(b, cfg, uaa.Default(), slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	panic(c.Run(context.Background(), func() { fmt.Fprintln(os.Stdout, c.URL()) }))
}

// startVictim runs a controller with its bus in a process of its own.
func startVictim(t *testing.T, dir string) (url string, kill func()) {
	t.Helper()
	victim := exec.CommandContext(t.Context(), os.Args[0])
	victim.Env = append(os.Environ(), dirToServe+"="+dir)
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), func() {
		if err := victim.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = victim.Wait() // says that it was killed
	}
}

func TestKillLosesNothingThatWasAnswered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url, kill := startVictim(t, dir)

	body, contentType := form(t, "upload[droplet]", []byte("answered"))
	res, err := http.Post(url+"/upload_droplet/app/x", contentType, body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("upload = %v, %v", res, err)
	}
	res.Body.Close()
	halfway, send := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		res, err := http.Post(url+"/upload_droplet/app/x", "multipart/form-data; boundary=x", halfway)
		if err == nil {
			res.Body.Close()
		}
		failed <- err
	}()
	_, _ = io.WriteString(send, "--x\r\nContent-Disposition: form-data; name=\"upload[droplet]\"; filename=\"d\"\r\n\r\n"+strings.Repeat("x", 1<<20))

	kill()
	send.Close()
	if err := <-failed; err == nil {
		t.Error("an upload to a killed controller was answered")
	}
	c := start(t, bustest.New(t), dir, nil)
	if a := c.send(t, "GET", "/staged_droplets/app/"+hexSHA1([]byte("answered")), nil); a.body != "answered" {
		t.Errorf("after the kill: %s %q, want the droplet", a.Status, a.body)
	}
	if left := c.files(t, "droplets/bits"); len(left) != 1 {
		t.Errorf("bits = %v, want the one droplet", left)
	}
}

// Each change of a record that was answered is there after a kill of everything, bus and all.
func TestKillLosesNoRecordThatWasAnswered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := 1; round <= 3; round++ {
		url, kill := startVictim(t, dir)
		if round == 1 {
			body, contentType := form(t, dropletField, []byte("droplet"))
			send(t, "POST", url+"/upload_droplet/hello/x", body, "Content-Type", contentType)
			send(t, "PUT", url+"/minicf/apps/hello", strings.NewReader(helloApp))
		}
		a := send(t, "GET", url+"/minicf/apps/hello", nil)
		if want := fmt.Sprintf(`"instances":%d,`, round+1); !strings.Contains(a.body, want) {
			t.Errorf("round %d: %s %s, want %s", round, a.Status, a.body, want)
		}
		send(t, "PATCH", url+"/minicf/apps/hello", strings.NewReader(fmt.Sprintf(`{"instances":%d}`, round+2)))
		kill()
	}
}
