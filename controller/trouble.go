package controller

import "sync"

// trouble is why the last instance of an app could not be placed, for as long as that is so.
type trouble struct {
	mu  sync.Mutex
	why map[string]string // by app
}

// note takes what came of placing an instance; nil is that it was.
func (t *trouble) note(app string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		delete(t.why, app)
		return
	}
	if t.why == nil {
		t.why = map[string]string{}
	}
	t.why[app] = err.Error()
}

// of is what is known about an app.
func (t *trouble) of(app string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.why[app]
}
