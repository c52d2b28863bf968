package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

const pushAbout = `Push an app: upload what is new of its files, stage them, and run as many instances as are wanted. It is over when each of them runs.

What the app is stands in manifest.yml, if there is one here; flags win. Without either, the app is the directory, and its name the directory's. What
.cfignore names is not uploaded, in the form of a .gitignore. Files that the controller knows from any earlier push are not uploaded again.

It makes the same requests as ` + "`cf push`" + `; the app is in the org minicf and the space dev unless $MINICF_ORG and $MINICF_SPACE name others, and you are
admin unless $MINICF_USER and $MINICF_PASSWORD say who.`

// pushFlags are what push is told. What was not said stays as it is, or as the manifest has it.
type pushFlags struct {
	name, path, manifest     string
	instances                int
	memory, disk             string
	command, buildpack       string
	noStart, random, noRoute bool
	changed                  func(flag string) bool
}

func (s *session) pushCommand() *cobra.Command {
	var f pushFlags
	c := &cobra.Command{
		Use: "push [NAME]", Short: "Upload an app, stage it and run it, as cf push does", Long: pushAbout, Args: atMostOne,
		Example: "  minicf push\n  minicf push hello -p apps/node -i 2\n  minicf push hello -c 'python3 app.py' -b standalone -m 128M",
	}
	s.jsonFlag(c)
	f.add(c)
	c.ValidArgsFunction = s.completeApp
	c.RunE = func(c *cobra.Command, args []string) error {
		f.name, f.changed = firstOr(args, ""), c.Flags().Changed
		ctx, stop := untilTold(c)
		defer stop()
		return s.push(ctx, f)
	}
	return c
}

func (f *pushFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVarP(&f.path, "path", "p", "", "directory, or war or zip, of the app (default: what the manifest says, or this directory)")
	flags.StringVarP(&f.manifest, "manifest", "f", "", "manifest to use (default: ./manifest.yml, if it is there)")
	flags.IntVarP(&f.instances, "instances", "i", 1, "how many are to run")
	flags.StringVarP(&f.memory, "memory", "m", "", "memory of each instance, as 128M or 1G (default: what the framework needs)")
	flags.StringVarP(&f.disk, "disk", "k", "", "disk of each instance, as 512M or 1G")
	flags.StringVarP(&f.command, "command", "c", "", "start command, for an app that is of no framework")
	flags.StringVarP(&f.buildpack, "buildpack", "b", "", "framework (sinatra, node, …), or directory or Git URL of a buildpack (default: detected)")
	flags.BoolVar(&f.noStart, "no-start", false, "upload only")
	flags.BoolVar(&f.random, "random-route", false, "a name that nobody else has, if the app has none yet")
	flags.BoolVar(&f.noRoute, "no-route", false, "no name: the app is no web app")
}

// push pushes one app, or all of the manifest.
func (s *session) push(ctx context.Context, f pushFlags) error {
	m, err := s.readManifest(f)
	if err != nil {
		return err
	}
	api, err := s.cf(ctx)
	if err != nil {
		return err
	}
	if m.text != nil {
		if err := api.CheckManifest(ctx, m.text); err != nil {
			return &coded{error: fmt.Errorf("%s: %w", m.file, err), code: exitUsage, hint: hintOf(err)}
		}
	}
	all := []pushed{}
	for _, app := range m.apps {
		p, err := (&pusher{session: s, api: api, app: app, noStart: f.noStart}).run(ctx)
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	switch {
	case !s.json:
		return nil
	case len(all) == 1:
		return s.printJSON(all[0])
	}
	return s.printJSON(all)
}
