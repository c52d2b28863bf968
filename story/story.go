// Package story tells the "DIY PaaS" tutorial from start to finish: an app becomes a droplet, the droplet becomes an instance, the
// instance answers.
//
// In goes an app, out come numbered steps, each with what happens, why, and what was really seen: the messages are those
// that crossed the bus while the story was told, the files are those that the stager and the DEA wrote. The story runs a
// sandbox of its own on free ports and sees its components only from outside, over the bus and over HTTP.
//
// In 2012 this was a README and eight terminals.
package story

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/sandbox"
)

// Options say which app the story is about and how it is told.
type Options struct {
	App     client.App
	AppDir  string // where the app is; empty: the controller's own sample is asked for, as in the tutorial
	DataDir string // private and empty

	Out   io.Writer
	JSON  bool
	Color bool
	Wait  io.Reader // Enter is awaited before each step but the first when set; never with JSON
	// Stay keeps the app running when the story is told, until ctx ends.
	Stay bool
	// StartLimit is how long the app may take to open its port; 0 is a minute, after which a DEA gives up on it.
	StartLimit time.Duration
	// Settings are completed and used for the sandbox; DataDir and ports are the story's own.
	Settings sandbox.Settings
}

const (
	// limit is how long the platform may take for one step; a first Ruby on a slow disk takes seconds.
	limit = 70 * time.Second
	// startLimit is how long a DEA waits for the port of an instance.
	startLimit = time.Minute
)

// tale is a story while it is told.
type tale struct {
	Options
	voice teller
	sb    *sandbox.Sandbox
	bus   *bus.Bus
	seen  *observer
	api   *client.Controller

	step       int
	request    protocol.StagingRequest
	staged     string // directory with the unpacked droplet
	sha1       string
	dropletURI string
	dea        string    // id of the DEA that was found
	sent       time.Time // when the start message crossed the bus
}

// Tell tells the story. It returns when all is told, and with Options.Stay when ctx has ended; nothing of it runs any
// longer then. The error of a failed step says what the user can do (Hint): a *client.StagingError, *CrashError or
// *AnswerError blames the app.
func Tell(ctx context.Context, o Options) error {
	t := &tale{Options: o, seen: newObserver()}
	if t.StartLimit <= 0 {
		t.StartLimit = startLimit
	}
	t.voice = jsonTeller{o.Out}
	if !o.JSON {
		text := &textTeller{w: o.Out, color: o.Color}
		if o.Wait != nil {
			text.wait = bufio.NewReader(o.Wait)
		}
		t.voice = text
	}
	var err error
	if t.sb, err = sandbox.New(o.sandboxSettings()); err != nil {
		return err
	}
	return t.onStage(ctx, t.tellAll)
}

// onStage runs the sandbox around a play.
func (t *tale) onStage(ctx context.Context, play func(context.Context) error) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- t.sb.Run(running, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		return fmt.Errorf("start the platform: %w", err)
	case <-ctx.Done():
		stop()
		return errors.Join(ctx.Err(), <-ended)
	}
	err := play(ctx)
	stop()
	return errors.Join(err, <-ended)
}

func (t *tale) tellAll(ctx context.Context) error {
	t.bus = bus.New(bus.Options{URL: t.sb.URL("nats"), Name: "story", Once: true})
	if err := t.bus.Open(); err != nil {
		return err
	}
	defer t.bus.Close()
	if _, err := t.bus.Tap(">", t.seen.note); err != nil {
		return err
	}
	if err := t.bus.Flush(ctx); err != nil {
		return err
	}
	t.api = &client.Controller{URL: t.sb.URL("controller")}
	staged, err := os.MkdirTemp(t.DataDir, "droplet-")
	if err != nil {
		return err
	}
	t.staged = staged
	return t.tellChapters(ctx)
}

// tellChapters tells one step after the other. Nothing of a step happens before the reader asks for it, nor does the
// reader's time count as the platform's.
func (t *tale) tellChapters(ctx context.Context) error {
	chapters := []func(context.Context) error{
		t.platform, t.source, t.asking, t.staging, t.droplet, t.discover, t.start, t.running, t.routed, t.answer, t.epilogue,
	}
	for i, chapter := range chapters {
		if i > 0 {
			if err := t.voice.pause(ctx); err != nil {
				return err
			}
		}
		if err := t.bounded(ctx, chapter); err != nil {
			return err
		}
	}
	if t.Stay {
		return t.stay(ctx)
	}
	return nil
}

// stay keeps the app running until ctx ends. That it ended before is worth an error.
func (t *tale) stay(ctx context.Context) error {
	m, err := t.seen.await(ctx, "the end of the app", on(exited))
	if err != nil {
		return nil // ctx ended, as it should
	}
	return t.ended(m)
}

func (t *tale) bounded(ctx context.Context, chapter func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return chapter(ctx)
}

// tell hands a step to the voice, numbered.
func (t *tale) tell(s Step) error {
	t.step++
	s.Number = t.step
	return t.voice.tell(s)
}
