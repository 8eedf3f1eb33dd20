from . import account_move, ai_pipeline_step, ai_test_steps, res_company
