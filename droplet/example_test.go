package droplet_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/minicf/minicf/droplet"
)

// The life of an artefact: a client zips the application, the stager makes a
// droplet of it, and a DEA makes an instance of that.
func Example() {
	if err := life(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// app/
	// app/app.rb
	// startup
	// /usr/bin/ruby app.rb $@
}

func life(ctx context.Context) error {
	tmp, err := os.MkdirTemp("", "droplet-example-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	appZip := filepath.Join(tmp, "app.zip")
	if err := push(ctx, filepath.Join(tmp, "pushed"), appZip); err != nil {
		return err
	}
	var tgz bytes.Buffer
	if err := stage(ctx, appZip, filepath.Join(tmp, "staged"), &tgz); err != nil {
		return err
	}
	return start(ctx, &tgz, filepath.Join(tmp, "instance"))
}

// push is the client: it zips the directory of the developer.
func push(ctx context.Context, dir, appZip string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "app.rb"), []byte("require 'sinatra'\n"), 0o644); err != nil {
		return err
	}
	f, err := os.Create(appZip)
	if err != nil {
		return err
	}
	defer f.Close()
	return droplet.PackZip(ctx, dir, f)
}

// stage is the stager; the startup script would come from a plugin.
func stage(ctx context.Context, appZip, dir string, tgz io.Writer) error {
	if err := droplet.UnpackZip(ctx, appZip, filepath.Join(dir, droplet.AppDir), droplet.Limits{}); err != nil {
		return err
	}
	script := []byte(droplet.RuntimeToken + " app.rb $@\n")
	if err := os.WriteFile(filepath.Join(dir, droplet.StartupFile), script, 0o500); err != nil {
		return err
	}
	return droplet.Pack(ctx, dir, tgz)
}

// start is the DEA, up to where it would run the script.
func start(ctx context.Context, tgz io.Reader, dir string) error {
	if err := droplet.Unpack(ctx, tgz, dir, droplet.Limits{}); err != nil {
		return err
	}
	if _, err := droplet.ReplaceRuntime(dir, "/usr/bin/ruby"); err != nil {
		return err
	}
	nodes, err := droplet.Tree(dir)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		fmt.Println(n.Path)
	}
	script, err := os.ReadFile(filepath.Join(dir, droplet.StartupFile))
	fmt.Print(string(script))
	return err
}
