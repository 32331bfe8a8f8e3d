# A scheme that does not exist.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| streams:
|   main: { tag: "v{version}", assets: [ a ], scheme: semvr }
| targets: { site: { type: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:4:53: 'scheme' cannot be 'semvr'; did you mean 'semver'?
!       main: { tag: "v{version}", assets: [ a ], scheme: semvr }
!                                                         ^
= 1
