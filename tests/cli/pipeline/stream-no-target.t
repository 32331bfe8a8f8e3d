# A target where there is none.
# schema: accepts: targets are compared with names
file slipway.yaml
| slipway: 1
| project: demo
| streams: { main: { tag: "v{version}", assets: [ a ], targets: [ site ] } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:65: there is no target 'site'; there are none
!     "v{version}", assets: [ a ], targets: [ site ] } }
!                                             ^
= 1
