# A target that does not exist.
# schema: accepts: targets are compared with names
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { tag: "v{version}", assets: [ a ], targets: [ stie ] }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:4:56: there is no target 'stie'; did you mean 'site'?
!       main: { tag: "v{version}", assets: [ a ], targets: [ stie ] }
!                                                            ^
= 1
