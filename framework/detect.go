package framework

import (
	"context"
	"os"
)

// Result is what Detect found, and how.
type Result struct {
	Framework  Framework
	Runtime    string       // the default; "" when nothing tells and the user has to say
	Memory     int          // MB, what vmc 0.3 would have asked for
	Command    string       // of a standalone app, what its Procfile says of the web process; "" when it does not
	Considered []Considered // every framework, in the order of asking
}

// Considered is one framework that Detect asked about.
type Considered struct {
	Framework string
	Matched   bool   // it is the one: true for exactly one of a Result
	Rule      string // what has to be so: "config.ru exists"
	File      string // the file that decided, relative to the directory; "" when none did
	Reason    string // why it is the one, or is not, in one sentence
}

// Detect finds out which framework the app in dir is written for, by the rules of vmc 0.3: they are asked in a fixed
// order, and the first that fits wins. If none does, the app is standalone. dotNet is recognised although no staging
// plugin for it exists; its Framework has nothing but a name and a memory.
//
// Links that leave dir are not followed, files are read up to 1 MiB, and a directory is no file, whatever its name.
// What cannot be read does not end the search but is told in Considered. Detect fails when dir itself cannot be read,
// and when ctx ends.
func Detect(ctx context.Context, dir string) (Result, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Result{}, err
	}
	defer root.Close()
	f := &folder{root: root}
	var r Result
	name, over := "", "" // over: why nothing after this can be the one
	for _, rule := range rules() {
		a := rule.ask(ctx, f)
		c := Considered{Framework: rule.framework, Rule: rule.text, File: a.file, Reason: a.reason + f.takeTrouble()}
		switch {
		case a.fits && over == "":
			name, c.Matched = rule.framework, true
			over = rule.framework + " is asked first"
		case a.fits:
			c.Reason += ", but " + over
		case a.last && over == "":
			over = "vmc looked no further than " + rule.framework + " when there is " + a.file
		}
		r.Considered = append(r.Considered, c)
	}
	r.finish(ctx, f, name, over)
	return r, ctx.Err()
}

// finish adds the two frameworks that have no rule, and fills in the rest.
func (r *Result) finish(ctx context.Context, f *folder, name, over string) {
	s := Considered{Framework: standalone, Matched: name == "", Rule: "no other framework fits", Reason: name + " fits"}
	if s.Matched {
		name = standalone
		r.Command = f.procfile(ctx)
		r.Runtime = f.standaloneRuntime(ctx, r.Command)
		s.Reason = "none of the frameworks above fits" + f.takeTrouble()
	}
	if s.Matched && over != "" {
		s.Reason += "; " + over
	}
	r.Considered = append(r.Considered, s, Considered{
		Framework: "buildpack", Rule: "never by looking at files", Reason: "a buildpack is asked for by its URL",
	})
	if known, ok := Lookup(name); ok {
		r.Framework = known
	} else {
		r.Framework = dotNet()
	}
	if r.Framework.Default != "" {
		r.Runtime = r.Framework.Default
	}
	r.Memory = r.Framework.MemoryFor(r.Runtime)
}
