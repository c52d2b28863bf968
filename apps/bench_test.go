package apps_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

// BenchmarkStage is a staging request and its reply for each of the apps, in a whole sandbox with the real controller. From the second
// run on what the stager keeps in its cache is there.
func BenchmarkStage(b *testing.B) {
	dirs, err := filepath.Glob("*/*")
	if err != nil {
		b.Fatal(err)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	for _, dir := range slices.Compact(dirs) {
		b.Run(dir, func(b *testing.B) {
			p := sandboxtest.New(b)
			app := p.PushAs(dir, p.Describe(dir, client.Overrides{})) // the first
			properties, err := app.Properties()
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				_, err := client.Stage(b.Context(), p.Bus, protocol.StagingRequest{
					AppID: protocol.ID(app.ID), Properties: properties,
					DownloadURI: p.Controller.DownloadURI(app.ID), UploadURI: p.Controller.UploadURI(app.ID, "bench"),
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
