// Package apps holds the sample apps, so that the binary works without its sources. Each folder is one app, as a user
// would have it.
package apps

import (
	"embed"
	"io/fs"
)

//go:embed sinatra
var samples embed.FS

// Sinatra is the app of the tutorial: six lines that answer "Hello World!".
func Sinatra() (fs.FS, error) { return fs.Sub(samples, "sinatra") }
