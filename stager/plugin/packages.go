package plugin

import "context"

// ModuleTools install the modules of Node.js apps: package stager/install/npm.
type ModuleTools interface {
	// Install fills app/node_modules with all that the app needs to run: exactly what the lock file (package-lock.json or
	// npm-shrinkwrap.json) says or, when lock is "", the newest that package.json allows. What the app has brought comes
	// first, and what the cache has is not fetched again. The error is a *StagingError with npm's own words, which names the
	// module where npm does.
	Install(ctx context.Context, w *Workspace, lock string) error
	// InstallTree does what the stager of 2012 did with the dependencies of npm-shrinkwrap.json, one after the other, whether
	// or not npm of today could. A module that cannot be installed is told in the log, and is no error.
	InstallTree(ctx context.Context, w *Workspace, tree []Module) error
}

// Module is one module of a Node.js app, and those that are in its own node_modules.
type Module struct {
	Name         string
	Target       string // a version, or the URL of a Git repository
	Dependencies []Module
}

// WheelTools install the packages of Python apps: package stager/install/wheels.
type WheelTools interface {
	// Install fills the droplet's directory python/, laid out as PYTHONUSERBASE wants it, with what app/requirements.txt names
	// and all that this needs: from the wheels that the app has vendored if they suffice, else from the cache or the
	// index. The error is a *StagingError with pip's own words, which names the package where pip does.
	Install(ctx context.Context, w *Workspace) error
}
