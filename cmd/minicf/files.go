package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

const filesAbout = `Show what lies in the directory of an instance: a listing, or the content of a file. The DEAs are asked where the instance is
(dea.find.droplet), and then its DEA's file viewer for the PATH. What a crashed instance has left can be seen for an hour.`

func (s *session) filesCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "files APP/INDEX [PATH]", Short: "Show the files of an instance", Long: filesAbout,
		Example: "  minicf files my-sinatra-app/0\n  minicf files my-sinatra-app/0 logs/stderr.log\n  minicf files my-sinatra-app/0 app --json",
		Args:    arguments12,
	}
	s.jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		app, index, err := parseInstance(args[0])
		if err != nil {
			return err
		}
		ctx, stop := untilTold(c)
		defer stop()
		return s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error {
			in, err := findInstance(ctx, b, app, index)
			if err != nil {
				return err
			}
			return s.showFile(ctx, in, firstOr(args[1:], ""))
		})
	}
	return c
}

// arguments12 wants one argument or two.
func arguments12(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return &coded{error: usageError("say whose files: APP/INDEX"), code: exitUsage, hint: "`minicf dea instances` lists all; see `" + c.CommandPath() + " --help`"}
	case len(args) > 2:
		return noArgs(c, args[2:])
	}
	return nil
}

// shownFile is a file or a directory for programs.
type shownFile struct {
	App      protocol.ID  `json:"app"`
	Index    protocol.Int `json:"index"`
	Instance string       `json:"instance"`
	Path     string       `json:"path"`
	Entries  []fileEntry  `json:"entries,omitempty"` // of a directory
	Content  *string      `json:"content,omitempty"` // of a file; bytes that are no text are lost
}

// fileEntry is a line of a listing.
type fileEntry struct {
	Name      string `json:"name"`
	Directory bool   `json:"directory"`
	Size      string `json:"size,omitempty"` // of a file, as the viewer has it: 402B, 1.2K
}

func (s *session) showFile(ctx context.Context, in protocol.FoundInstance, path string) error {
	f, err := client.OpenFile(ctx, in, path, false)
	if err != nil {
		return fileError(err, in, path)
	}
	defer f.Close()
	if !f.Directory && !s.json {
		_, err := io.Copy(s.out, f)
		return err
	}
	content, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	text := string(content)
	if s.json {
		shown := shownFile{App: in.Droplet, Index: in.Index, Instance: in.Instance, Path: path}
		if f.Directory {
			shown.Entries = parseListing(text)
		} else {
			shown.Content = &text
		}
		return s.printJSON(shown)
	}
	if text != "" {
		fmt.Fprintln(s.out, text)
	}
	return nil
}

// parseListing reads what the file viewer calls a directory: names that end with a slash, or have a size.
func parseListing(text string) []fileEntry {
	all := []fileEntry{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		at := strings.LastIndexByte(line, ' ')
		name, size := strings.TrimRight(line[:max(at, 0)], " "), line[at+1:]
		if plain, ok := strings.CutSuffix(name, "/"); ok {
			all = append(all, fileEntry{Name: plain, Directory: true})
		} else {
			all = append(all, fileEntry{Name: name, Size: size})
		}
	}
	return all
}

// fileError says what of which instance cannot be seen.
func fileError(err error, in protocol.FoundInstance, path string) error {
	instance := fmt.Sprintf("%s/%d", in.Droplet, in.Index)
	wrapped := fmt.Errorf("%s of %s: %w", path, instance, err)
	if path == "" {
		wrapped = fmt.Errorf("%s: %w", instance, err)
	}
	if _, ok := errors.AsType[*client.ViewerError](err); ok {
		return &coded{error: wrapped, code: exitNotRunning, hint: "is the DEA still there, and its filer_port not -1?"}
	}
	switch {
	case errors.Is(err, client.ErrNoFile):
		return &coded{error: wrapped, code: exitNotFound, hint: "`minicf files " + instance + "` lists what there is"}
	case errors.Is(err, client.ErrHiddenFile):
		return &coded{error: wrapped, code: exitFailed, hint: "startup, stop and what is outside of the instance's directory are hidden"}
	case errors.Is(err, client.ErrNotStaged):
		return &coded{error: wrapped, code: exitFailed, hint: "it has just been started: try again"}
	}
	return wrapped
}
