package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/story"
)

const tapAbout = `Print every message on the bus until Ctrl-C, as bin/nats_all of the tutorial did.

SUBJECT may have wildcards: * stands for one part, > for all that follow. The default is '>', everything (quote it, or the
shell will write to a file). Passwords and the like are shown as ***, and the deflated list of router.active_apps as the JSON it is, unless --raw.`

func (s *session) tapCommand() *cobra.Command {
	var raw bool
	c := &cobra.Command{
		Use: "tap [SUBJECT]", Short: "Watch the messages on the bus", Long: tapAbout, Args: atMostOne,
		Example: "  minicf tap\n  minicf tap 'router.*'\n  minicf tap dea.heartbeat --json | jq .payload.droplets",
	}
	s.jsonFlag(c)
	c.Flags().BoolVar(&raw, "raw", false, "the lines of 2012: Msg received on [<subject>] : '<msg>'")
	c.RunE = func(c *cobra.Command, args []string) error {
		s.lines = s.json
		if raw && s.json {
			return usageError("--raw and --json are two looks of the same messages: choose one")
		}
		ctx, stop := untilTold(c)
		defer stop()
		return s.withBus(ctx, func(ctx context.Context, b *bus.Bus) error {
			return tap(ctx, b, firstOr(args, ">"), s.tapPrinter(raw))
		})
	}
	return c
}

// tap prints until it is told to stop, or the bus is gone.
func tap(ctx context.Context, b *bus.Bus, subject string, print func(bus.Message)) error {
	sub, err := b.Tap(subject, print)
	if err != nil {
		return &coded{
			error: fmt.Errorf("%q is no subject", subject), code: exitUsage,
			hint: "a subject is names joined by dots; * stands for one of them, > for all that follow; `minicf subjects` lists those there are",
		}
	}
	if err := b.Flush(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	if gone, ok := errors.AsType[*bus.UnreachableError](context.Cause(ctx)); ok {
		return gone
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return sub.Drain(grace)
}

func (s *session) tapPrinter(raw bool) func(bus.Message) {
	switch {
	case raw:
		return func(m bus.Message) { printMsgReceived(s.out, m) }
	case s.json:
		e := json.NewEncoder(s.out)
		e.SetEscapeHTML(false)
		return func(m bus.Message) { _ = e.Encode(tapRecord(m)) }
	}
	return func(m bus.Message) {
		answer := ""
		if m.Reply != "" {
			answer = "  → " + m.Reply
		}
		fmt.Fprintf(s.out, "%s  %s%s\n%s\n", m.Time.Format("15:04:05.000"), m.Subject, answer, story.Pretty(shown(m), "    "))
	}
}

// printMsgReceived writes a message as the scripts of the tutorial did.
func printMsgReceived(w io.Writer, m bus.Message) {
	fmt.Fprintf(w, "Msg received on [%s] : '%s'\n", m.Subject, m.Payload)
}

// shown is a message as people may see it: readable, and without its secrets.
func shown(m bus.Message) []byte { return bus.Mask(protocol.Readable(m.Subject, m.Payload)) }

// tapRecord is a message for programs; what is not JSON is given as text.
func tapRecord(m bus.Message) map[string]any {
	r := map[string]any{"time": m.Time.Format(time.RFC3339Nano), "subject": m.Subject}
	if m.Reply != "" {
		r["reply"] = m.Reply
	}
	text := shown(m)
	if json.Valid(text) {
		r["payload"] = json.RawMessage(text)
	} else {
		r["text"] = string(text)
	}
	return r
}
