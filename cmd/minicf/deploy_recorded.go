package main

import (
	"context"
	"fmt"
	"time"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// placeWait is how long the controller may take to place one instance: DEAs answer within a quarter of a second.
const placeWait = 500 * time.Millisecond

// recorded is what became of an app that has a record, for programs.
type recorded struct {
	client.Record
	URLs    []string `json:"urls"` // through the router
	TaskLog string   `json:"task_log,omitempty"`
}

// deployRecorded stages an app and has the controller run it. With instances unsaid there are as many as before.
func (s *session) deployRecorded(ctx context.Context, p *platform, app client.App, instances int) error {
	_, taskLog, err := s.prepare(ctx, p, app)
	if err != nil {
		return err
	}
	s.say("Asking the controller to keep it running")
	return s.changeApp(ctx, p, app.ID, func(ctx context.Context) (recorded, error) {
		r, err := p.api.RunApp(ctx, app.ID, app.Record(instances))
		return recorded{Record: r, TaskLog: taskLog}, err
	})
}

// changeApp changes the record of an app and waits until what is wanted is the case: all instances run, and no others.
func (s *session) changeApp(ctx context.Context, p *platform, id string, change func(context.Context) (recorded, error)) error {
	w, err := client.Watch(ctx, p.bus, id)
	if err != nil {
		return err
	}
	defer w.Stop()
	r, err := change(ctx)
	if err != nil {
		return s.recordFailure(id, err)
	}
	n := r.wanted()
	patient, cancel := context.WithTimeout(ctx, startWait+time.Duration(n)*placeWait)
	defer cancel()
	if err := w.Running(patient, r.Version, n); err != nil {
		return s.startFailure(err)
	}
	if err := w.Gone(patient, n); err != nil {
		return err
	}
	r.Running = &n
	r.URLs = s.publicURLs(r.URIs)
	if s.json {
		return s.printJSON(r)
	}
	s.say("%s", r.summary())
	if n > 0 {
		s.showURLs(r.URLs)
	}
	return nil
}

// wanted is how many instances should run.
func (r recorded) wanted() int {
	if r.State != protocol.AppStarted {
		return 0
	}
	return r.Instances
}

func (r recorded) summary() string {
	switch n := r.wanted(); {
	case r.State != protocol.AppStarted:
		return fmt.Sprintf("%s is stopped", r.ID)
	case n == 1:
		return fmt.Sprintf("%s runs with 1 instance, version %s", r.ID, r.Version)
	default:
		return fmt.Sprintf("%s runs with %d instances, version %s", r.ID, n, r.Version)
	}
}
