package stager

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/stager/install/npm/npmtest"
	"github.com/minicf/minicf/stager/install/wheels/wheelstest"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// benchApp is an app, and what its request says beside the framework.
type benchApp struct {
	dir, framework string
	runtime        protocol.RuntimeInfo
	buildpack      string
	needs          string // a program
	platform       plugin.Platform
}

// benchApps are the sample apps, one of a buildpack, and two with dependencies: a module of a registry, a vendored wheel.
func benchApps(b *testing.B) map[string]benchApp {
	b.Helper()
	node := protocol.RuntimeInfo{Name: "node", Version: "20.20.2", Executable: "node"}
	python := protocol.RuntimeInfo{Name: "python3", Version: "3.11.2", Executable: "python3"}
	java := protocol.RuntimeInfo{Name: "java", Version: "17.0.2", Executable: "java"}
	ruby := protocol.RuntimeInfo{Name: "ruby", Version: "3.1.2", Executable: "ruby"}
	php := protocol.RuntimeInfo{Name: "php", Version: "8.2.36", Executable: "php"}
	apps, err := filepath.Abs("../apps")
	if err != nil {
		b.Fatal(err)
	}
	modules, registry := appWithModule(b)
	return map[string]benchApp{
		"sinatra":           {dir: apps + "/sinatra", framework: "sinatra", runtime: ruby},
		"node":              {dir: apps + "/node", framework: "node", runtime: node},
		"node, a module":    {dir: modules, framework: "node", runtime: node, needs: "npm", platform: plugin.Platform{NPMRegistry: registry}},
		"php":               {dir: apps + "/php", framework: "php", runtime: php},
		"wsgi":              {dir: apps + "/wsgi", framework: "wsgi", runtime: python, needs: "python3"},
		"wsgi, a wheel":     {dir: appWithWheel(b), framework: "wsgi", runtime: python, needs: "pip3"},
		"django":            {dir: apps + "/django", framework: "django", runtime: python, needs: "python3"},
		"java_web":          {dir: apps + "/java_web", framework: "java_web", runtime: java, needs: "java"},
		"spring":            {dir: apps + "/spring", framework: "spring", runtime: java, needs: "java"},
		"standalone_java":   {dir: apps + "/standalone_java", framework: "standalone", runtime: java},
		"standalone_node":   {dir: apps + "/standalone_node", framework: "standalone", runtime: node},
		"standalone_python": {dir: apps + "/standalone_python", framework: "standalone", runtime: python},
		"buildpack":         {dir: appWithPage(b), framework: "buildpack", runtime: ruby, buildpack: filepath.Dir(apps) + "/examples/buildpack"},
	}
}

func appWithModule(b *testing.B) (dir, registry string) {
	r := npmtest.New(b)
	r.Publish("greeting", "1.0.0", map[string]string{"index.js": "1"}, nil)
	return writeApp(b, map[string]string{
		"server.js": "1", "package.json": r.Package(nil, "greeting@1.0.0"), "package-lock.json": r.Lock("greeting@1.0.0"),
	}), r.URL
}

func appWithWheel(b *testing.B) string {
	name, wheel := wheelstest.Wheel(b, "greeting", "1.0", map[string]string{"greeting.py": "1\n"})
	return writeApp(b, map[string]string{"wsgi.py": "1\n", "requirements.txt": "greeting\n", "vendor/" + name: string(wheel)})
}

func appWithPage(b *testing.B) string { return writeApp(b, map[string]string{"index.html": "hello"}) }

func writeApp(b *testing.B, files map[string]string) string {
	b.Helper()
	dir := b.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// BenchmarkStageApps is a staging request and its reply for each of the apps, cold with an empty cache and warm with what the staging
// before has left there. tools-ms is how long programs ran for it, own-ms all the rest, which is what staging adds: the medians, and
// in least-ms the least of the latter, which is what it takes on a machine that does nothing else.
func BenchmarkStageApps(b *testing.B) {
	for name, app := range benchApps(b) {
		for _, cold := range []bool{true, false} {
			temperature := map[bool]string{true: "cold", false: "warm"}[cold]
			b.Run(name+"/"+temperature, func(b *testing.B) { app.bench(b, cold) })
		}
	}
}

func (a benchApp) bench(b *testing.B, cold bool) {
	if _, ok := runtimes.Find(a.needs); a.needs != "" && !ok {
		b.Skipf("SKIPPED: %s is not installed", a.needs)
	}
	var archive bytes.Buffer
	if err := droplet.PackZip(b.Context(), a.dir, &archive); err != nil {
		b.Fatal(err)
	}
	cfg := testConfig(b)
	cfg.Platform = a.platform
	member := bustest.New(b)
	s, err := New(member, builtin.Set(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	var inTools atomic.Int64
	s.tools.Run = func(ctx context.Context, c plugin.Command) ([]byte, error) {
		began := time.Now()
		defer func() { inTools.Add(int64(time.Since(began))) }()
		return RunTool(ctx, c)
	}
	startStager(b, s)
	request := newController(b, archive.Bytes()).request("bench", a.framework)
	request.Properties.FrameworkInfo, request.Properties.RuntimeInfo = framework.Info(a.framework), a.runtime
	request.Properties.Buildpack, request.Properties.Meta = a.buildpack, map[string]any{"command": "./run"}
	stage := func() {
		if rep, err := bus.Do(b.Context(), member, protocol.Staging, request); err != nil || rep.Error != "" {
			b.Fatalf("reply: %q, error: %v\n%s", rep.Error, err, rep.TaskLog)
		}
	}
	stage() // the first fills the cache
	var own, tools []time.Duration
	for b.Loop() {
		if cold {
			b.StopTimer()
			if err := os.RemoveAll(cfg.Dirs.Cache); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		inTools.Store(0)
		began := time.Now()
		stage()
		took := time.Duration(inTools.Load())
		own, tools = append(own, time.Since(began)-took), append(tools, took)
	}
	slices.Sort(own)
	slices.Sort(tools)
	b.ReportMetric(milliseconds(tools[len(tools)/2]), "tools-ms")
	b.ReportMetric(milliseconds(own[len(own)/2]), "own-ms")
	b.ReportMetric(milliseconds(own[0]), "least-ms")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
