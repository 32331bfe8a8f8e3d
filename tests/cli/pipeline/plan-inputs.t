# Inputs of a run by hand are checked before anything else.
# schema: accepts
file slipway.yaml
| slipway: 1
| project: demo
| inputs: { level: { choices: [ fast, full ] } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway plan
! slipway: input 'level' is not given and has no default
= 1
$ slipway plan --input level=slow
! slipway: input 'level' cannot be 'slow'; it is one of 'fast', 'full'
= 1
$ slipway plan --input levle=fast
! slipway: there is no input 'levle'
= 1
$ slipway plan --input level
! slipway: input 'level' is not NAME=VALUE
! hint: see 'slipway help plan'
= 2
$ slipway plan --input level=full
> demo, event manual
>   build  sandbox, network none, 1 step, 1h
> 1 job, 0 skipped
$ slipway plan --tag v1 --branch main
! slipway: an event has a tag or a branch, not both
! hint: see 'slipway help plan'
= 2
$ slipway plan --event nightly
! slipway: unknown event 'nightly': wanted push, tag, proposal, schedule or manual
! hint: see 'slipway help plan'
= 2
