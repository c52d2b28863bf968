package plugin_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// The three steps of bin/stage_app: there is an app, it is staged, and here is what the DEA would run.
func ExampleStage() {
	source, dest := tempDir("app"), tempDir("droplet")
	defer os.RemoveAll(source)
	defer os.RemoveAll(dest)

	// 1. An app, as somebody pushed it.
	app := "require 'sinatra'\n\nget '/' do\n  \"Hello World!\"\nend\n"
	if err := os.WriteFile(filepath.Join(source, "app.rb"), []byte(app), 0o644); err != nil {
		log.Fatal(err)
	}

	// 2. Staging it. The framework's manifest says which file is the main one.
	properties := protocol.StagingProperties{
		FrameworkInfo: framework.Info("sinatra"),
		RuntimeInfo:   protocol.RuntimeInfo{Name: "ruby19", Executable: "ruby", Version: "1.9.3"},
		Resources:     protocol.Resources{Memory: 256, Disk: 256, FDs: 1024},
	}
	if err := plugin.Stage(context.Background(), builtin.Set(), source, dest, properties, plugin.Tools{}); err != nil {
		log.Fatal(err)
	}

	// 3. What is in the droplet, and how it starts.
	nodes, err := droplet.Tree(dest)
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range nodes {
		fmt.Println(n.Mode, n.Path)
	}
	startup, err := os.ReadFile(filepath.Join(dest, droplet.StartupFile))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("\n%s", startup)

	// Output:
	// drwxr-xr-x app/
	// -rw-r--r-- app/app.rb
	// drwxr-xr-x logs/
	// -rw-r--r-- logs/staging.log
	// -r-x------ startup
	// -r-x------ stop
	// drwxr-xr-x tmp/
	//
	// #!/bin/bash
	// export RACK_ENV="${RACK_ENV:-production}"
	// export RUBYOPT="-rubygems -I$PWD/ruby -rstdsync"
	// export TMPDIR="$PWD/tmp"
	// mkdir ruby
	// echo "\$stdout.sync = true" >> ./ruby/stdsync.rb
	// cd app
	// %VCAP_LOCAL_RUNTIME% app.rb $@ > ../logs/stdout.log 2> ../logs/stderr.log &
	// STARTED=$!
	// echo "$STARTED" >> ../run.pid
	// wait $STARTED
}

func tempDir(name string) string {
	dir, err := os.MkdirTemp("", name)
	if err != nil {
		log.Fatal(err)
	}
	return dir
}
