package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/controller/v3"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/protocol"
)

// Stage finds out what kind of app a package is, as vmc did before it uploaded one, and asks a stager for a droplet, which then is stored under
// the same id.
func (m machine) Stage(ctx context.Context, s v3.Staging) (v3.Staged, error) {
	described, needs, err := m.describe(ctx, s)
	if err != nil {
		return v3.Staged{}, err
	}
	described.Env = s.Env
	described.Memory = cmp.Or(s.Memory, needs)
	properties, err := described.Properties()
	if err != nil {
		return v3.Staged{}, err
	}
	uris := m.stagingURIs(s.Bits)
	reply, err := client.Stage(ctx, m.bus, protocol.StagingRequest{
		AppID: protocol.ID(s.App), DownloadURI: uris.DownloadURI, UploadURI: uris.UploadURI, Properties: properties,
	})
	out := v3.Staged{Framework: described.Framework, Runtime: described.Runtime, Command: described.Command, Memory: needs, Log: reply.TaskLog}
	if err != nil {
		return out, err
	}
	f, what, err := m.droplets.Get(s.Bits)
	if err != nil {
		return out, fmt.Errorf("the stager has uploaded no droplet: %w", err)
	}
	out.SHA1 = what.SHA1
	return out, f.Close()
}

// describe unpacks a package to look at it. needs is the memory of its framework, in MB.
func (m machine) describe(ctx context.Context, s v3.Staging) (described client.App, needs int, err error) {
	f, _, err := m.packages.Get(s.Bits)
	if err != nil {
		return described, 0, err
	}
	defer f.Close()
	dir, err := os.MkdirTemp(m.cfg.Directories.unpacked(), "app-")
	if err != nil {
		return described, 0, err
	}
	defer os.RemoveAll(dir)
	app := filepath.Join(dir, "app")
	if err := droplet.UnpackZip(ctx, f.Name(), app, droplet.Limits{}); err != nil {
		return described, 0, fmt.Errorf("unpack the app: %w", err)
	}
	described, err = client.DescribeDir(ctx, app, s.Name, s.As)
	if unknown, ok := errors.AsType[*client.StandaloneError](err); ok {
		unknown.Dir = s.Name // nobody knows the directory
	}
	return described, described.Memory, err
}
