package v3

import (
	"context"
	"slices"
)

// event is something that somebody did: an audit event.
type event struct {
	head
	Type   string         `json:"type"` // audit.app.create, …
	Actor  target         `json:"actor"`
	Target target         `json:"target"`
	Space  string         `json:"space,omitempty"`
	Org    string         `json:"org,omitempty"`
	Data   map[string]any `json:"data,omitempty"`
}

// target is somebody or something that an event is about.
type target struct {
	GUID string `json:"guid"`
	Type string `json:"type"`
	Name string `json:"name"`
}

// maxEvents is how many events are kept; the oldest are forgotten at a start.
const maxEvents = 5000

// record keeps an event. What it is about has happened whether or not that succeeds.
func (a *API) record(c *call, e event) {
	e.head, e.Actor = newHead(), target{c.who.ID, c.who.Type, c.who.Name}
	if err := add(c.Context(), a.events, e); err != nil {
		a.Log.Warn("audit event was not recorded", "type", e.Type, "target", e.Target.Name, "error", err)
	}
}

func eventListing() listing[event] {
	return listing[event]{filters: map[string]filter[event]{
		"types":              oneOf(func(e event) string { return e.Type }),
		"target_guids":       oneOf(func(e event) string { return e.Target.GUID }),
		"space_guids":        oneOf(func(e event) string { return e.Space }),
		"organization_guids": oneOf(func(e event) string { return e.Org }),
	}}
}

func (c *call) viewEvent(e event) object {
	data := e.Data
	if data == nil {
		data = map[string]any{}
	}
	o := object{
		"guid": e.GUID, "created_at": stamp(e.CreatedAt), "updated_at": stamp(e.UpdatedAt), "type": e.Type, "actor": e.Actor, "target": e.Target,
		"data": data, "space": nil, "organization": nil, "links": object{"self": c.href("audit_events", e.GUID)},
	}
	if e.Space != "" {
		o["space"] = object{"guid": e.Space}
	}
	if e.Org != "" {
		o["organization"] = object{"guid": e.Org}
	}
	return o
}

func (a *API) listEvents(c *call) error {
	all, err := a.events.All(c.Context())
	if err != nil {
		return err
	}
	return list(c, eventListing(), all, c.viewEvent)
}

// forgetOldEvents is done at each start.
func (a *API) forgetOldEvents(ctx context.Context) error {
	all, err := a.events.All(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(all, byAge)
	for _, e := range all[:max(0, len(all)-maxEvents)] {
		if err := drop(ctx, a.events, e.GUID); err != nil {
			return err
		}
	}
	return nil
}
