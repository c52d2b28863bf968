// Package config reads the YAML files of the components: the ones of 2012 as they are, and minicf's own, which say the same
// things with comments.
//
// In goes the name of a component, out comes its configuration, together with where each value came from. A value
// comes from, in this order: a flag, the environment (MINICF_DEA_MAX_MEMORY), a file, and the file that is
// built in, which is the documentation of the defaults. Each component owns the struct of its own keys; this
// package owns only the rules, and the types that several of them need: [Duration], [Memory], [Size], [NameMap],
// [Logging], [Status].
//
// Files are read strictly. An unknown key or a value of the wrong type is an error that shows the line and says what is
// allowed. In 2012 the stager checked its file much like that (and ignored unknown keys); the DEA
// checked nothing and crashed on what was missing.
package config

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed *.yml frameworks/*.yml
var shipped embed.FS

// Files is all that is built in: the files of this folder that end in .yml, and those of frameworks/.
func Files() fs.FS { return shipped }

// File returns one of the files that are built in: stager.yml, dea.yml, controller.yml, router.yml, nats.yml, platform.yml,
// runtimes.yml or stage-sinatra.yml. It panics when there is no such file.
func File(name string) []byte {
	data, err := shipped.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("config: no file %q is built in", name))
	}
	return data
}
