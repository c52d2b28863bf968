package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minicf/minicf/protocol"
)

// MaxInstances is how many instances of an app the controller lets anybody ask for.
const MaxInstances = 1000

// Record is an app that the controller has a record of: what is wanted of it, and how much of that is the case.
type Record struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	State     string        `json:"state"` // protocol.AppStarted or AppStopped
	Instances int           `json:"instances"`
	Running   *int          `json:"running_instances"` // nil when no health manager says so
	Version   protocol.Text `json:"version"`
	Droplet   string        `json:"droplet"` // SHA1
	URIs      []string      `json:"uris"`
	Framework string        `json:"framework"`
	Runtime   string        `json:"runtime"`
	Memory    int           `json:"memory"` // MB, of each instance
	Disk      int           `json:"disk"`   // MB
	FDs       int           `json:"fds"`
	Env       []string      `json:"env"`
	CreatedAt time.Time     `json:"created_at"`
	UpdatedAt time.Time     `json:"updated_at"`
}

// Change is what is to be different about an app. What is left out stays as it is.
type Change struct {
	Name      string   `json:"name,omitempty"`
	State     string   `json:"state,omitempty"`
	Instances *int     `json:"instances,omitempty"`
	URIs      []string `json:"uris,omitzero"`
	Framework string   `json:"framework,omitempty"`
	Runtime   string   `json:"runtime,omitempty"`
	Memory    int      `json:"memory,omitempty"` // MB
	Disk      int      `json:"disk,omitempty"`   // MB
	FDs       int      `json:"fds,omitempty"`
	Env       []string `json:"env,omitzero"`
}

// Record is all that a record of the app says, with so many instances; a negative number leaves it to the controller.
func (a App) Record(instances int) Change {
	c := Change{
		Name: a.Name, URIs: a.URIs, Framework: a.Framework, Runtime: a.Runtime, Memory: a.Memory, Disk: tutorialDisk, FDs: tutorialFDs,
		Env: append([]string{}, a.Env...),
	}
	if instances >= 0 {
		c.Instances = &instances
	}
	return c
}

// Records lists the apps that the controller has a record of, in the order of their ids.
func (c *Controller) Records(ctx context.Context) ([]Record, error) {
	var all []Record
	return all, c.json(ctx, http.MethodGet, c.uri("minicf", "apps"), nil, &all)
}

// Record returns the record of one app, or an *HTTPError with the status 404.
func (c *Controller) Record(ctx context.Context, id string) (Record, error) {
	var r Record
	return r, c.json(ctx, http.MethodGet, c.recordURI(id), nil, &r)
}

// RunApp makes the newest droplet of an app what runs, and leaves a record of it.
func (c *Controller) RunApp(ctx context.Context, id string, ch Change) (Record, error) {
	var r Record
	return r, c.json(ctx, http.MethodPut, c.recordURI(id), ch, &r)
}

// ChangeApp changes the record of an app; the controller sees to the rest.
func (c *Controller) ChangeApp(ctx context.Context, id string, ch Change) (Record, error) {
	var r Record
	return r, c.json(ctx, http.MethodPatch, c.recordURI(id), ch, &r)
}

// DeleteApp stops an app, and forgets it together with its package and its droplet.
func (c *Controller) DeleteApp(ctx context.Context, id string) error {
	return c.json(ctx, http.MethodDelete, c.recordURI(id), nil, nil)
}

func (c *Controller) recordURI(id string) string { return c.uri("minicf", "apps", id) }

// json sends a value, if there is one, and reads the answer into another.
func (c *Controller) json(ctx context.Context, method, uri string, send, into any) error {
	var body io.Reader
	if send != nil {
		text, err := json.Marshal(send)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	resp, err := c.do(ctx, method, uri, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("%s %s: %w", method, uri, err)
	}
	return nil
}
