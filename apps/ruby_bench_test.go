package apps_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/sandbox/sandboxtest"
	"github.com/minicf/minicf/stager"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// rubyApps are the Ruby apps, those that bring their gems among them.
func rubyApps(b *testing.B) map[string]string {
	b.Helper()
	requireRuby(b, "sinatra", "rails", "sqlite3", "puma")
	rails := filepath.Join(b.TempDir(), "rails_bundled")
	if err := os.CopyFS(rails, os.DirFS("rails3")); err != nil {
		b.Fatal(err)
	}
	bundle(b, rails, "rails", "sqlite3", "puma")
	return map[string]string{
		"sinatra": "sinatra", "sinatra bundled": bundledSinatra(b), "rack": "rack", "rack bundled": bundledRack(b),
		"rails3": "rails3", "rails3 bundled": rails, "standalone": "standalone_ruby",
	}
}

// BenchmarkStageRuby is a staging request and its reply for each of the Ruby apps, in a whole sandbox with the real controller: cold
// with nothing in the stager's cache, warm with what the staging before left there. cpu-ms is what the whole of it computed.
func BenchmarkStageRuby(b *testing.B) {
	for name, dir := range rubyApps(b) {
		for _, cold := range []bool{true, false} {
			b.Run(name+map[bool]string{true: "/cold", false: "/warm"}[cold], func(b *testing.B) {
				p := sandboxtest.New(b)
				app := p.PushAs(dir, p.Describe(dir, client.Overrides{}))
				properties, err := app.Properties()
				if err != nil {
					b.Fatal(err)
				}
				before := cpu(b)
				for b.Loop() {
					if cold {
						b.StopTimer()
						emptyCache(b, p.DataDir)
						b.StartTimer()
					}
					_, err := client.Stage(b.Context(), p.Bus, protocol.StagingRequest{
						AppID: protocol.ID(app.ID), Properties: properties,
						DownloadURI: p.Controller.DownloadURI(app.ID), UploadURI: p.Controller.UploadURI(app.ID, "bench"),
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms")
			})
		}
	}
}

// cpu is the time that this process and the tools that it ran have computed, which depends less on what else the machine does.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var total int64
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			b.Fatal(err)
		}
		total += usage.Utime.Nano() + usage.Stime.Nano()
	}
	return time.Duration(total)
}

func emptyCache(b *testing.B, dataDir string) {
	b.Helper()
	if err := os.RemoveAll(filepath.Join(dataDir, stager.DefaultCache)); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkStageRubyBeyondTools tells apart what Ruby and its tools take of a staging, without a bus, and what the plugin adds.
func BenchmarkStageRubyBeyondTools(b *testing.B) {
	for name, dir := range rubyApps(b) {
		for _, cold := range []bool{true, false} {
			b.Run(name+map[bool]string{true: "/cold", false: "/warm"}[cold], func(b *testing.B) {
				app, err := client.DescribeDir(b.Context(), dir, "bench", client.Overrides{})
				if err != nil {
					b.Fatal(err)
				}
				properties, err := app.Properties()
				if err != nil {
					b.Fatal(err)
				}
				home := b.TempDir()
				tools := stager.Tools(plugin.Platform{}, filepath.Join(home, stager.DefaultCache), plugin.T1)
				run, inTools, runs := tools.Run, time.Duration(0), 0
				tools.Run = func(ctx context.Context, c plugin.Command) ([]byte, error) {
					began := time.Now()
					defer func() { inTools, runs = inTools+time.Since(began), runs+1 }()
					return run(ctx, c)
				}
				stage := func() {
					if err := plugin.Stage(b.Context(), builtin.Set(), dir, b.TempDir(), properties, tools); err != nil {
						b.Fatal(err)
					}
				}
				stage()
				inTools, runs = 0, 0
				for b.Loop() {
					if cold {
						b.StopTimer()
						emptyCache(b, home)
						b.StartTimer()
					}
					stage()
				}
				per := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
				b.ReportMetric(per(inTools), "tools-ms")
				b.ReportMetric(per(b.Elapsed()-inTools), "beyond-ms")
				b.ReportMetric(float64(runs)/float64(b.N), "runs")
			})
		}
	}
}
